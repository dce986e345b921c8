declare module "*?packed" {
  const url: string;
  export default url;
}
declare module "*.mjs?url" {
  const url: string;
  export default url;
}
// The page's scripts, which are no modules and have no types.
declare var Studio: any;
interface Window {
  STUDIO_TEXTS: Record<string, Record<string, string>>;
}
