declare module "*?packed" {
  const url: string;
  export default url;
}
declare module "*.mjs?url" {
  const url: string;
  export default url;
}
