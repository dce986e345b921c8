"""What the page says when something cannot be done, in English, German, Chinese and Spanish.

Errors are raised in English, as everywhere in this project; the browser finds the entry that a
message was made of and shows it in the visitor's language (``Studio.translate`` in base.js).
"""

# ruff: noqa: RUF001 - Chinese punctuation looks like the Latin one and is meant

from __future__ import annotations

from stylize.errors import TOO_LITTLE_MEMORY

MESSAGES: dict[str, tuple[str, str, str, str]] = {
    "say_error": ("Error", "Fehler", "错误", "Error"),
    # Gradio's own, as its pages for the browser hold them
    "say_busy": (
        "This application is currently busy. Please try again.",
        "Gerade malen sehr viele. Versuche es gleich noch einmal.",
        "现在使用的人很多。请稍后再试。",
        "Ahora mismo hay mucha gente. Inténtalo de nuevo en un momento.",
    ),
    "say_connection": (
        "Connection errored out.",
        "Die Verbindung ist abgebrochen.",
        "连接已中断。",
        "Se ha perdido la conexión.",
    ),
    # The page's own
    "say_memory": (
        TOO_LITTLE_MEMORY,
        "Dafür reicht der Speicher nicht. Nimm ein kleineres Bild, oder schließe andere Programme.",
        "内存不足。请使用较小的图片，或关闭其他程序。",
        "No hay memoria suficiente para esto. Usa una imagen más pequeña o cierra otros programas.",
    ),
    "say_no_style": (
        "Choose a style first.",
        "Wähle zuerst einen Stil.",
        "请先选择风格。",
        "Elige primero un estilo.",
    ),
    "say_no_content": (
        "Choose a picture first.",
        "Wähle zuerst ein Bild.",
        "请先选择图片。",
        "Elige primero una imagen.",
    ),
    "say_no_contents": (
        "Choose the pictures first.",
        "Wähle zuerst die Bilder.",
        "请先选择多张图片。",
        "Elige primero las imágenes.",
    ),
    "say_no_content_in_create": (
        "Choose a picture in the Create tab first.",
        "Wähle zuerst ein Bild unter „Gestalten“.",
        "请先在“创作”中选择图片。",
        "Elige primero una imagen en «Crear».",
    ),
    "say_no_recipe": (
        "This picture carries no settings of this page.",
        "Dieses Bild enthält keine Einstellungen dieser Seite.",
        "这张图片不含本页面的设置。",
        "Esta imagen no lleva ajustes de esta página.",
    ),
    "say_batch_limit": (
        "A batch here makes at most {most} pictures; got {number}. "
        "Choose fewer, or use `stylize image` on the command line.",
        "Eine Serie macht hier höchstens {most} Bilder; es sind {number}. Wähle weniger, oder "
        "nimm `stylize image` auf der Kommandozeile.",
        "这里一批最多 {most} 张图片；现有 {number} 张。请少选一些，或使用命令行 `stylize image`。",
        "Una serie hace aquí {most} imágenes como mucho; hay {number}. Elige menos o usa "
        "`stylize image` en la línea de órdenes.",
    ),
    "say_unknown_styles": (
        "This link asks for styles that are not here: {names}.",
        "Dieser Link verlangt Stile, die es hier nicht gibt: {names}.",
        "此链接要求的风格这里没有：{names}。",
        "Este enlace pide estilos que no están aquí: {names}.",
    ),
    "say_batch_running": (
        "One series is being painted already. Wait for it, or stop it first.",
        "Es wird schon eine Serie gemalt. Warte auf sie, oder halte sie zuerst an.",
        "已有一批图片正在绘制。请等待完成，或先停止。",
        "Ya se está pintando una serie. Espera a que acabe o párala antes.",
    ),
    "say_batch_broken": (
        "It could not be painted.",
        "Es konnte nicht gemalt werden.",
        "无法绘制。",
        "No se ha podido pintar.",
    ),
    "say_own_styles_limit": (
        "A visit keeps at most {most} styles of your own; you have {has}, and this would "
        "add {more}. Remove some in the Styles tab first.",
        "Ein Besuch behält höchstens {most} eigene Stile; du hast {has}, und {more} kämen dazu. "
        "Entferne zuerst einige unter „Stile“.",
        "一次访问最多保留 {most} 个自己的风格；你已有 {has} 个，还要添加 {more} 个。"
        "请先在“风格”中删除一些。",
        "Una visita guarda {most} estilos tuyos como mucho; tienes {has} y se añadirían {more}. "
        "Quita antes algunos en «Estilos».",
    ),
    "say_rate_limit": (
        "That was fast: {most} pictures in a minute are the limit of a visit. "
        "Please go on in {wait} seconds.",
        "Das war schnell: {most} Bilder in der Minute sind die Grenze eines Besuchs. "
        "In {wait} Sekunden geht es weiter.",
        "太快了：一次访问每分钟最多 {most} 张图片。请在 {wait} 秒后继续。",
        "Qué rápido: {most} imágenes por minuto son el límite de una visita. "
        "Sigue dentro de {wait} segundos.",
    ),
    "say_too_many_bytes": (
        "The picture has {size} MB; {most} MB are the limit here. "
        "Save it as JPEG or make it smaller.",
        "Das Bild hat {size} MB; hier sind {most} MB die Grenze. "
        "Speichere es als JPEG oder mach es kleiner.",
        "图片大小为 {size} MB；这里的上限是 {most} MB。请存为 JPEG 或缩小。",
        "La imagen tiene {size} MB; aquí el límite es {most} MB. Guárdala como JPEG o redúcela.",
    ),
    "say_too_many_pixels": (
        "The picture has {size} megapixels; {most} are the limit here. Make it smaller.",
        "Das Bild hat {size} Megapixel; hier sind {most} die Grenze. Mach es kleiner.",
        "图片有 {size} 百万像素；这里的上限是 {most}。请缩小。",
        "La imagen tiene {size} megapíxeles; aquí el límite es {most}. Redúcela.",
    ),
    "say_no_drawing": (
        "Draw something first.",
        "Male zuerst etwas.",
        "请先画点什么。",
        "Dibuja algo primero.",
    ),
    "say_forgotten": (
        "This picture was forgotten already; please paint it again.",
        "Dieses Bild ist schon vergessen; male es bitte noch einmal.",
        "这张图片已被清除；请重新绘制。",
        "Esta imagen ya se ha olvidado; píntala otra vez.",
    ),
    "say_gone": (
        "The server has no such upload, or has deleted it by now; please choose the picture again. "
        "(Programs upload it first: in Python with handle_file.)",
        "Der Server hat dieses Bild nicht oder nicht mehr; bitte wähle es noch einmal. "
        "(Programme laden es zuerst hoch: in Python mit handle_file.)",
        "服务器没有这张图片，或已将其删除；请重新选择。（程序需先上传：Python 中用 handle_file。）",
        "El servidor no tiene esta imagen o ya la ha borrado; elígela otra vez. "
        "(Los programas la suben primero: en Python con handle_file.)",
    ),
    "say_wrong_code": (
        "That is not the teacher's code; it was printed at the start.",
        "Das ist nicht der Code der Lehrkraft; er wurde beim Start ausgegeben.",
        "这不是教师代码；它在启动时显示过。",
        "Ese no es el código del profesor; se mostró al empezar.",
    ),
    "say_code_wait": (
        "Too many wrong codes came from this device. Please try again in {wait} seconds.",
        "Von diesem Gerät kamen zu viele falsche Codes. Bitte in {wait} Sekunden noch einmal.",
        "此设备输入错误代码次数过多。请在 {wait} 秒后重试。",
        "Demasiados códigos erróneos desde este dispositivo. Prueba de nuevo en {wait} segundos.",
    ),
    "say_no_ticket": (
        "This link is not good any more. Ask for the pictures again on the teacher's page.",
        "Dieser Link gilt nicht mehr. Bitte auf der Seite der Lehrkraft noch einmal abholen.",
        "此链接已失效。请在教师页面重新获取图片。",
        "Este enlace ya no vale. Pide las imágenes otra vez en la página del profesor.",
    ),
    "say_wall_full": (
        "Your teacher has {most} pictures already, more do not fit. Tell your teacher.",
        "Deine Lehrkraft hat schon {most} Bilder, mehr passen nicht. Sag es ihr.",
        "老师已经有 {most} 张图片，放不下了。请告诉老师。",
        "Tu profe ya tiene {most} imágenes y no caben más. Díselo.",
    ),
    # The library's, about pictures that visitors choose
    "say_no_picture": (
        "{name} is not a picture of a known format. {advice}",
        "{name} ist kein Bild in einem bekannten Format.",
        "{name} 不是已知格式的图片。",
        "{name} no es una imagen de un formato conocido.",
    ),
    "say_damaged": (
        "{name} is damaged {how}. Copy or save it again.",
        "{name} ist beschädigt. Kopiere oder speichere es noch einmal.",
        "{name} 已损坏。请重新复制或保存。",
        "{name} está dañada. Cópiala o guárdala de nuevo.",
    ),
    "say_no_end": (
        "{name} lacks its end marker; nothing else of it is missing.",
        "Bei {name} fehlt die Endmarke, sonst nichts.",
        "{name} 缺少结束标记，其余内容完整。",
        "A {name} le falta la marca final; lo demás está completo.",
    ),
    "say_odd_values": (
        "The picture has values without a picture's limits: {low} is shown as black, "
        "{high} as white.",
        "Das Bild hat Werte außerhalb der üblichen: {low} wird schwarz gezeigt, {high} weiß.",
        "图片的数值超出常规范围：{low} 显示为黑色，{high} 显示为白色。",
        "La imagen tiene valores fuera de lo común: {low} se muestra en negro y {high} en blanco.",
    ),
    "say_too_small": (
        "{name} has {width} x {height} px; each side must have at least {least} px. "
        "Take a larger picture.",
        "{name} hat {width} x {height} px; jede Seite braucht mindestens {least} px. "
        "Nimm ein größeres Bild.",
        "{name} 为 {width} x {height} px；每边至少需要 {least} px。请换更大的图片。",
        "{name} tiene {width} x {height} px; cada lado necesita al menos {least} px. "
        "Usa una imagen más grande.",
    ),
}


def say(key: str, **values: object) -> str:
    """Return a message in English.

    Raises:
        KeyError: There is no such message, or it lacks a value.
    """
    return MESSAGES[f"say_{key}"][0].format(**values)
