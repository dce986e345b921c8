"""The words of the page in English, German, Chinese and Spanish.

Each entry holds all four languages side by side, so that none can be forgotten.
"""

# ruff: noqa: RUF001 - Chinese punctuation looks like the Latin one and is meant

from __future__ import annotations

import json

import gradio as gr

from stylize.studio.messages import MESSAGES

LANGUAGES = ("en", "de", "zh", "es")

TEXTS: dict[str, tuple[str, str, str, str]] = {
    # Frame
    "create": ("Create", "Gestalten", "创作", "Crear"),
    "styles": ("Styles", "Stile", "风格", "Estilos"),
    "batch": ("Batch", "Serie", "批量", "Serie"),
    "picture": ("Picture", "Bild", "图片", "Imagen"),
    "style": ("Style", "Stil", "风格", "Estilo"),
    "result": ("Result", "Ergebnis", "结果", "Resultado"),
    "examples": ("Examples", "Beispiele", "示例", "Ejemplos"),
    # Content
    "photo": ("Photo", "Foto", "照片", "Foto"),
    "draw": ("Draw", "Zeichnen", "绘画", "Dibujar"),
    "content_label": (
        "Your picture: drop, paste or take one",
        "Dein Bild: ablegen, einfügen oder aufnehmen",
        "你的图片：拖放、粘贴或拍摄",
        "Tu imagen: suéltala, pégala o tómala",
    ),
    "choose_picture": ("Choose", "Wählen", "选择", "Elegir"),
    "camera": ("Camera", "Kamera", "相机", "Cámara"),
    "paste": ("Paste", "Einfügen", "粘贴", "Pegar"),
    "camera_refused": (
        "The camera cannot be used: there is none, or the browser does not allow it for this page.",
        "Die Kamera geht nicht: Es gibt keine, oder der Browser erlaubt sie dieser Seite nicht.",
        "无法使用相机：没有相机，或浏览器不允许本页面使用。",
        "No se puede usar la cámara: no hay ninguna o el navegador no la permite en esta página.",
    ),
    "paste_refused": (
        "The browser does not let this page look at the clipboard. Press Ctrl+V (⌘V) instead.",
        "Der Browser lässt diese Seite nicht in die Zwischenablage sehen. Drücke Strg+V (⌘V).",
        "浏览器不允许本页面读取剪贴板。请按 Ctrl+V（⌘V）。",
        "El navegador no deja que esta página lea el portapapeles. Pulsa Ctrl+V (⌘V).",
    ),
    "paste_nothing": (
        "There is no picture in the clipboard.",
        "In der Zwischenablage ist kein Bild.",
        "剪贴板中没有图片。",
        "No hay ninguna imagen en el portapapeles.",
    ),
    "upload_failed": (
        "The picture could not be sent. Please try again.",
        "Das Bild konnte nicht gesendet werden. Versuche es noch einmal.",
        "图片发送失败。请重试。",
        "No se ha podido enviar la imagen. Inténtalo de nuevo.",
    ),
    "connection_lost": (
        "The connection is lost. Your work is kept; waiting for the server …",
        "Die Verbindung ist weg. Deine Arbeit bleibt; es wird auf den Server gewartet …",
        "连接已中断。你的作品会保留；正在等待服务器……",
        "Se ha perdido la conexión. Tu trabajo sigue aquí; esperando al servidor…",
    ),
    "connection_back": (
        "Connected again.",
        "Wieder verbunden.",
        "已重新连接。",
        "Conectado de nuevo.",
    ),
    "use_drawing": (
        "Use this drawing",
        "Diese Zeichnung verwenden",
        "使用这幅画",
        "Usar este dibujo",
    ),
    "recipe_found": (
        "This picture was made here. Bring its settings back?",
        "Dieses Bild wurde hier gemacht. Einstellungen übernehmen?",
        "这张图片是在这里制作的。要恢复它的设置吗？",
        "Esta imagen se hizo aquí. ¿Recuperar sus ajustes?",
    ),
    "use_recipe": (
        "Use its settings",
        "Einstellungen übernehmen",
        "使用其设置",
        "Usar sus ajustes",
    ),
    "drawing_area": ("Drawing area", "Zeichenfläche", "绘画区域", "Área de dibujo"),
    "colour_n": ("Colour {n}", "Farbe {n}", "颜色 {n}", "Color {n}"),
    "brush_n": ("Brush {n}", "Pinsel {n}", "画笔 {n}", "Pincel {n}"),
    "brushes": ("Brushes", "Pinsel", "画笔", "Pinceles"),
    "eraser": ("Eraser", "Radierer", "橡皮擦", "Goma"),
    "clear": ("Clear all", "Alles löschen", "全部清除", "Borrar todo"),
    "regions": ("Regions", "Bereiche", "区域", "Zonas"),
    "regions_hint": (
        "Paint over your picture. Each colour gets its own style; the rest gets the chosen one.",
        "Male über dein Bild. Jede Farbe bekommt ihren Stil; der Rest bekommt den gewählten.",
        "在图片上涂抹。每种颜色对应一种风格；其余部分使用所选风格。",
        "Pinta sobre tu imagen. Cada color recibe su estilo; el resto, el elegido.",
    ),
    "style_of_colour": (
        "Style of colour {n}",
        "Stil der Farbe {n}",
        "颜色 {n} 的风格",
        "Estilo del color {n}",
    ),
    "keep_picture": (
        "Keep my picture",
        "Mein Bild behalten",
        "保留原图",
        "Dejar mi imagen",
    ),
    # Controls
    "strength": ("Strength", "Stärke", "强度", "Intensidad"),
    "color": ("Keep my colours", "Meine Farben behalten", "保留我的颜色", "Mantener mis colores"),
    "stroke_size": ("Stroke size", "Strichgröße", "笔触大小", "Tamaño del trazo"),
    "brushwork": ("Brushwork", "Pinselarbeit", "笔触感", "Pinceladas"),
    "detail": ("Detail", "Details", "细节", "Detalle"),
    "texture": ("Texture", "Textur", "纹理", "Textura"),
    "content_weight": ("Content weight", "Gewicht des Inhalts", "内容权重", "Peso del contenido"),
    "style_weight": ("Style weight", "Gewicht des Stils", "风格权重", "Peso del estilo"),
    "fine_weight": ("Fine strokes", "Feine Striche", "细笔触", "Trazos finos"),
    "coarse_weight": ("Large shapes", "Große Formen", "大形状", "Formas grandes"),
    "strength_info": (
        "From your picture to the full style",
        "Vom Bild bis zum vollen Stil",
        "从原图到完整风格",
        "De tu imagen al estilo completo",
    ),
    "color_info": (
        "From the style's colours to yours",
        "Von den Farben des Stils zu deinen",
        "从风格的颜色到你的颜色",
        "De los colores del estilo a los tuyos",
    ),
    "stroke_size_info": (
        "Finer or broader brush",
        "Feinerer oder breiterer Pinsel",
        "更细或更宽的画笔",
        "Pincel más fino o más ancho",
    ),
    "brushwork_info": (
        "Strokes in calm areas: none to vivid",
        "Striche in ruhigen Flächen: keine bis lebhafte",
        "平静区域的笔触：从无到生动",
        "Trazos en zonas lisas: de ninguno a vivos",
    ),
    "detail_info": (
        "How much fine detail of your picture comes back",
        "Wie viel Feines aus deinem Bild wiederkehrt",
        "保留多少原图细节",
        "Cuánto detalle fino de tu imagen vuelve",
    ),
    "texture_info": (
        "From palette only to palette and brushwork",
        "Von der Palette allein bis zu Palette und Pinselstrich",
        "从仅调色板到调色板加笔触",
        "De solo la paleta a paleta y pincelada",
    ),
    "content_weight_info": (
        "How closely your shapes are kept",
        "Wie genau deine Formen bleiben",
        "保留形状的程度",
        "Cuánto se conservan tus formas",
    ),
    "style_weight_info": (
        "How strongly the style is painted",
        "Wie kräftig der Stil gemalt wird",
        "风格的浓烈程度",
        "Con cuánta fuerza se pinta el estilo",
    ),
    "fine_weight_info": (
        "Weight of texture and fine strokes",
        "Gewicht von Textur und feinen Strichen",
        "纹理与细笔触的权重",
        "Peso de la textura y los trazos finos",
    ),
    "coarse_weight_info": (
        "Weight of large shapes and colour",
        "Gewicht von großen Formen und Farbe",
        "大形状与颜色的权重",
        "Peso de las formas grandes y el color",
    ),
    "more_controls": ("More controls", "Mehr Regler", "更多控制", "Más controles"),
    "presets": ("Presets", "Voreinstellungen", "预设", "Preajustes"),
    "surprise": ("Surprise me", "Überrasch mich", "给我惊喜", "Sorpréndeme"),
    "reset": ("Reset", "Zurücksetzen", "重置", "Restablecer"),
    "preset_painting": ("Painting", "Gemälde", "绘画", "Pintura"),
    "preset_faithful": ("Faithful", "Getreu", "忠实", "Fiel"),
    "preset_broad": ("Broad brush", "Breiter Pinsel", "宽画笔", "Pincel ancho"),
    "preset_drawing": ("Drawing", "Zeichnung", "线稿", "Dibujo"),
    "preset_my_colours": ("My colours", "Meine Farben", "我的颜色", "Mis colores"),
    "preset_palette": ("Palette only", "Nur Palette", "仅调色板", "Solo paleta"),
    # Gallery of styles
    "search_styles": (
        "Search styles, artists, tags",
        "Stile, Künstler, Schlagwörter suchen",
        "搜索风格、艺术家、标签",
        "Buscar estilos, artistas, etiquetas",
    ),
    "tags": ("Tags", "Schlagwörter", "标签", "Etiquetas"),
    "chosen_styles": ("Chosen styles", "Gewählte Stile", "已选风格", "Estilos elegidos"),
    "weight_of": ("Weight of {title}", "Gewicht von {title}", "{title} 的权重", "Peso de {title}"),
    "more_like_this": ("More like this", "Ähnliche zeigen", "更多类似", "Más como este"),
    "like_style": (
        "Most like “{title}”",
        "Am ähnlichsten zu „{title}“",
        "与“{title}”最相似",
        "Más parecidos a «{title}»",
    ),
    "show_all": ("Show all", "Alle zeigen", "显示全部", "Ver todos"),
    "nothing_found": (
        "No style fits. Try fewer letters.",
        "Kein Stil passt. Versuche weniger Buchstaben.",
        "没有匹配的风格。请少输入几个字。",
        "Ningún estilo coincide. Prueba con menos letras.",
    ),
    "add_to_blend": (
        "Add to the blend",
        "Zur Mischung hinzufügen",
        "加入混合",
        "Añadir a la mezcla",
    ),
    "remove_from_blend": (
        "Remove from the blend",
        "Aus der Mischung nehmen",
        "移出混合",
        "Quitar de la mezcla",
    ),
    "style_alt": (
        "{title} by {artist}",
        "{title} von {artist}",
        "{title}，{artist}",
        "{title} de {artist}",
    ),
    "upload_style": (
        "Use a picture of mine as style",
        "Eigenes Bild als Stil verwenden",
        "用我的图片作为风格",
        "Usar una imagen mía como estilo",
    ),
    "my_style": ("My style", "Mein Stil", "我的风格", "Mi estilo"),
    # Result
    "empty_title": (
        "Your picture appears here",
        "Hier erscheint dein Bild",
        "你的图片会显示在这里",
        "Tu imagen aparece aquí",
    ),
    "empty_text": (
        "Choose a picture and a style.",
        "Wähle ein Bild und einen Stil.",
        "请选择图片和风格。",
        "Elige una imagen y un estilo.",
    ),
    "forgotten_title": (
        "Your picture was deleted here",
        "Dein Bild wurde hier gelöscht",
        "你的图片已在此删除",
        "Tu imagen se ha borrado aquí",
    ),
    "forgotten_text": (
        "Pictures are kept for a short time only. Please choose yours again.",
        "Bilder werden nur kurz behalten. Wähle deins bitte noch einmal.",
        "图片只保留很短时间。请重新选择你的图片。",
        "Las imágenes se guardan poco tiempo. Vuelve a elegir la tuya.",
    ),
    "before_alt": ("Your picture", "Dein Bild", "你的图片", "Tu imagen"),
    "after_alt": (
        "The stylized image",
        "Das gestaltete Bild",
        "风格化图片",
        "La imagen estilizada",
    ),
    "compare": (
        "Compare before and after",
        "Vorher und nachher vergleichen",
        "比较前后",
        "Comparar antes y después",
    ),
    "compare_hint": (
        "Drag to compare; double-click the picture to zoom",
        "Ziehen zum Vergleichen; Doppelklick auf das Bild zoomt",
        "拖动以比较；双击图片缩放",
        "Arrastra para comparar; doble clic en la imagen para ampliar",
    ),
    "result_actions": ("Result", "Ergebnis", "结果", "Resultado"),
    "queue_place": (
        "You are number {n} in line",
        "Du bist Nummer {n} in der Reihe",
        "你排在第 {n} 位",
        "Eres el número {n} de la fila",
    ),
    "undo": ("Undo", "Rückgängig", "撤销", "Deshacer"),
    "redo": ("Redo", "Wiederholen", "重做", "Rehacer"),
    "fullscreen": ("Full screen", "Vollbild", "全屏", "Pantalla completa"),
    "copy_link": (
        "Copy a link with these settings",
        "Link mit diesen Einstellungen kopieren",
        "复制含设置的链接",
        "Copiar un enlace con estos ajustes",
    ),
    "link_copied": (
        "Link copied: it carries the settings, not your picture.",
        "Link kopiert: Er trägt die Einstellungen, nicht dein Bild.",
        "链接已复制：它只包含设置，不含图片。",
        "Enlace copiado: lleva los ajustes, no tu imagen.",
    ),
    "use_as_content": (
        "Use as picture",
        "Als Bild verwenden",
        "用作图片",
        "Usar como imagen",
    ),
    "zoom": ("Zoom", "Zoom", "缩放", "Zoom"),
    "zoom_in": ("Larger", "Größer", "放大", "Ampliar"),
    "zoom_out": ("Smaller", "Kleiner", "缩小", "Reducir"),
    "zoom_fit": ("Whole picture", "Ganzes Bild", "完整图片", "Imagen entera"),
    "zoom_hint": (
        "Result. Plus and minus zoom, 0 shows all, 1 shows single pixels, arrow keys move.",
        "Ergebnis. Plus und Minus zoomen, 0 zeigt alles, 1 einzelne Pixel, Pfeiltasten bewegen.",
        "结果。加减键缩放，0 显示全部，1 显示单个像素，方向键移动。",
        "Resultado. Más y menos amplían y reducen, 0 muestra todo, 1 los píxeles.",
    ),
    "save": ("Save", "Speichern", "保存", "Guardar"),
    "save_picture": ("Save picture …", "Bild speichern …", "保存图片……", "Guardar imagen…"),
    "copy_picture": ("Copy", "Kopieren", "复制", "Copiar"),
    "share": ("Share", "Teilen", "分享", "Compartir"),
    "cancel": ("Cancel", "Abbrechen", "取消", "Cancelar"),
    "export_format": ("Format", "Format", "格式", "Formato"),
    "export_quality": ("Quality", "Qualität", "质量", "Calidad"),
    "export_size": ("Size", "Größe", "尺寸", "Tamaño"),
    "export_full": (
        "As the original ({width} × {height})",
        "Wie das Original ({width} × {height})",
        "与原图相同（{width} × {height}）",
        "Como el original ({width} × {height})",
    ),
    "export_times": (
        "{times} × the screen ({side} px)",
        "{times} × der Bildschirm ({side} px)",
        "屏幕的 {times} 倍（{side} px）",
        "{times} × la pantalla ({side} px)",
    ),
    "export_custom": ("Other size", "Andere Größe", "其他尺寸", "Otro tamaño"),
    "export_side": ("Longer side", "Längere Seite", "长边", "Lado mayor"),
    "export_print": ("For print", "Für den Druck", "用于打印", "Para imprimir"),
    "export_cm": (
        "Longer side in cm",
        "Längere Seite in cm",
        "长边（厘米）",
        "Lado mayor en cm",
    ),
    "export_dpi": ("Dots per inch", "Punkte pro Zoll", "每英寸点数", "Puntos por pulgada"),
    "export_name": ("File name", "Dateiname", "文件名", "Nombre"),
    "export_working": ("Painting …", "Es wird gemalt …", "正在绘制……", "Pintando…"),
    "export_left": (
        "Painting … about {seconds} s left",
        "Es wird gemalt … noch etwa {seconds} s",
        "正在绘制……大约还需 {seconds} 秒",
        "Pintando… quedan unos {seconds} s",
    ),
    "copied": ("Copied.", "Kopiert.", "已复制。", "Copiada."),
    "copy_refused": (
        "The browser does not let this page copy pictures. Save it instead.",
        "Der Browser lässt diese Seite keine Bilder kopieren. Speichere es stattdessen.",
        "浏览器不允许本页面复制图片。请改为保存。",
        "El navegador no deja que esta página copie imágenes. Guárdala.",
    ),
    "share_ready": (
        "It is painted: press “Share” once more.",
        "Es ist gemalt: Tippe noch einmal auf „Teilen“.",
        "已绘制完成：请再点一次“分享”。",
        "Ya está pintada: pulsa «Compartir» otra vez.",
    ),
    "history": (
        "History of this visit",
        "Verlauf dieses Besuchs",
        "本次访问的历史",
        "Historial de esta visita",
    ),
    "history_entry": ("Result {n}", "Ergebnis {n}", "结果 {n}", "Resultado {n}"),
    # Styles tab
    "gallery": ("Gallery", "Galerie", "画廊", "Galería"),
    "map": ("Map", "Karte", "地图", "Mapa"),
    "map_hint": (
        "Similar styles lie close together.",
        "Ähnliche Stile liegen nah beieinander.",
        "相似的风格靠得更近。",
        "Los estilos parecidos están cerca.",
    ),
    "map_back": (
        "One level up",
        "Eine Ebene höher",
        "返回上一级",
        "Un nivel más arriba",
    ),
    "map_group": (
        "{n} styles like “{title}”",
        "{n} Stile wie „{title}“",
        "{n} 种类似“{title}”的风格",
        "{n} estilos como «{title}»",
    ),
    "own_styles": (
        "Your own styles are kept on this computer.",
        "Deine eigenen Stile bleiben auf diesem Computer.",
        "你自己的风格保存在这台电脑上。",
        "Tus estilos se guardan en este ordenador.",
    ),
    "own_styles_public": (
        "Your own styles live in this visit only. Export them to keep them.",
        "Deine eigenen Stile leben nur in diesem Besuch. Exportiere sie, um sie zu behalten.",
        "你自己的风格只在本次访问中有效。导出即可保留。",
        "Tus estilos viven solo en esta visita. Expórtalos para conservarlos.",
    ),
    "add_styles": (
        "Add pictures as styles",
        "Bilder als Stile hinzufügen",
        "添加图片作为风格",
        "Añadir imágenes como estilos",
    ),
    "import": ("Import", "Importieren", "导入", "Importar"),
    "export": ("Export mine", "Meine exportieren", "导出我的", "Exportar los míos"),
    "style_name": ("Name", "Name", "名称", "Nombre"),
    "style_title": ("Title", "Titel", "标题", "Título"),
    "style_artist": ("Artist", "Künstler", "艺术家", "Artista"),
    "style_year": ("Year", "Jahr", "年份", "Año"),
    "style_movement": ("Movement", "Strömung", "流派", "Movimiento"),
    "style_license": ("License", "Lizenz", "许可", "Licencia"),
    "style_source": ("Credit", "Nachweis", "来源", "Créditos"),
    "style_notes": ("Notes", "Notizen", "备注", "Notas"),
    "saved_as_typed": (
        "What you type is kept at once.",
        "Was du schreibst, wird sofort behalten.",
        "输入的内容会立即保存。",
        "Lo que escribes se guarda al momento.",
    ),
    "bring_back": (
        "Bring it back",
        "Zurückholen",
        "恢复",
        "Recuperarlo",
    ),
    "remove": ("Remove", "Entfernen", "删除", "Quitar"),
    # Batch tab
    "batch_contents": (
        "**Many pictures, one look.** They are painted with the styles and controls of “Create”.",
        "**Viele Bilder, ein Stil.** Sie werden mit den Einstellungen von „Gestalten“ gemalt.",
        "**多张图片，一种风格。** 使用“创作”中的风格和设置。",
        "**Muchas imágenes, un estilo.** Se pintan con los ajustes de «Crear».",
    ),
    "batch_files": ("Pictures", "Bilder", "图片", "Imágenes"),
    "batch_start": ("Paint them all", "Alle malen", "全部绘制", "Pintarlas todas"),
    "batch_styles": (
        "**One picture, many styles.** The picture of “Create” as a contact sheet.",
        "**Ein Bild, viele Stile.** Das Bild von „Gestalten“ als Kontaktbogen.",
        "**一张图片，多种风格。** 将“创作”中的图片制成小样。",
        "**Una imagen, muchos estilos.** La imagen de «Crear» como hoja de contactos.",
    ),
    "batch_which": ("Styles", "Stile", "风格", "Estilos"),
    "batch_all": (
        "None chosen: all of them",
        "Keiner gewählt: alle",
        "未选择：全部",
        "Ninguno elegido: todos",
    ),
    "batch_sheet": ("Make the sheet", "Bogen erstellen", "制作小样", "Hacer la hoja"),
    "batch_idle": (
        "Results appear here.",
        "Hier erscheinen die Ergebnisse.",
        "结果会显示在这里。",
        "Los resultados aparecen aquí.",
    ),
    "batch_at": (
        "Painting {n} of {total}: {name}",
        "{n} von {total} wird gemalt: {name}",
        "正在绘制第 {n} 张，共 {total} 张：{name}",
        "Pintando {n} de {total}: {name}",
    ),
    "batch_done": (
        "{n} of {total} painted.",
        "{n} von {total} gemalt.",
        "已绘制 {n} 张，共 {total} 张。",
        "{n} de {total} pintadas.",
    ),
    "batch_stopped": (
        "Stopped: {n} of {total} painted.",
        "Angehalten: {n} von {total} gemalt.",
        "已停止：已绘制 {n} 张，共 {total} 张。",
        "Parado: {n} de {total} pintadas.",
    ),
    "batch_failed": (
        "Could not be painted:",
        "Nicht gemalt werden konnten:",
        "未能绘制：",
        "No se han podido pintar:",
    ),
    "batch_stop": ("Stop", "Anhalten", "停止", "Parar"),
    "batch_file": ("Download", "Herunterladen", "下载", "Descargar"),
    # The children's page
    "kids_next": ("Next", "Weiter", "下一步", "Siguiente"),
    "kids_camera": ("Photo", "Foto", "拍照", "Foto"),
    "kids_shoot": ("Take it", "Auslösen", "拍照", "Hacer la foto"),
    "kids_unreadable": (
        "This picture cannot be opened. Try another one.",
        "Dieses Bild lässt sich nicht öffnen. Versuche ein anderes.",
        "无法打开这张图片。请换一张。",
        "No se puede abrir esta imagen. Prueba con otra.",
    ),
    "kids_back": ("Back", "Zurück", "返回", "Atrás"),
    "kids_again": ("Another one", "Noch eins", "再来一张", "Otra vez"),
    "kids_new": ("New picture", "Neues Bild", "新图片", "Nuevo dibujo"),
    "kids_print": ("Print", "Drucken", "打印", "Imprimir"),
    "kids_give": ("Show my teacher", "Der Lehrkraft zeigen", "给老师看", "Enseñar al profe"),
    "kids_delete": ("Delete now", "Jetzt löschen", "立即删除", "Borrar ahora"),
    "kids_sent": (
        "Your teacher has it.",
        "Deine Lehrkraft hat es.",
        "老师已收到。",
        "Tu profe ya lo tiene.",
    ),
    "kids_sure_new": (
        "Begin a new picture? This one goes away.",
        "Neues Bild anfangen? Dieses hier verschwindet.",
        "开始新图片？这张会消失。",
        "¿Empezar otro dibujo? Este desaparece.",
    ),
    "kids_sure_delete": (
        "Delete this picture now, with what you handed in?",
        "Dieses Bild jetzt löschen, auch das abgegebene?",
        "现在删除这张图片（包括已交给老师的）？",
        "¿Borrar ahora este dibujo y lo que entregaste?",
    ),
    "kids_wait": ("Painting…", "Es wird gemalt …", "正在画……", "Pintando…"),
    "kids_step": ("Step {n}", "Schritt {n}", "第 {n} 步", "Paso {n}"),
    "kids_privacy": (
        "The computer that serves this page paints your picture and does not store it. It is "
        "forgotten a minute after you leave, at once with “Delete now”, after {minutes} minutes at "
        "the latest.",
        "Der Computer, der diese Seite anbietet, malt dein Bild und speichert es nicht. Er "
        "vergisst es eine Minute, nachdem du gehst, mit „Jetzt löschen“ sofort, spätestens nach "
        "{minutes} Minuten.",
        "提供此页面的电脑会绘制你的图片，但不会保存。离开页面一分钟后清除，点“立即删除”马上清除，"
        "最迟 {minutes} 分钟后清除。",
        "El ordenador que ofrece esta página pinta tu imagen y no la guarda. La olvida un minuto "
        "después de que te vayas, al instante con «Borrar ahora» y como mucho a los {minutes} "
        "minutos.",
    ),
    "teacher_code": ("Teacher's code", "Code der Lehrkraft", "教师代码", "Código del profesor"),
    "teacher_zip": (
        "All results as a zip",
        "Alle Ergebnisse als Zip",
        "全部结果（zip）",
        "Todos los resultados en zip",
    ),
    "teacher_wipe": ("Delete all", "Alles löschen", "全部删除", "Borrar todo"),
    "teacher_count": ("Results", "Ergebnisse", "结果数", "Resultados"),
}


def i18n() -> gr.I18n:
    """Return the texts as Gradio's translations."""
    tables = {language: table(language) for language in LANGUAGES}
    # Browsers ask for Chinese by its region; Gradio looks the exact tag up.
    return gr.I18n(**tables, **{"zh-CN": tables["zh"]})


def table(language: str) -> dict[str, str]:
    """Return key to text of one language, messages included."""
    column = LANGUAGES.index(language)
    return {key: texts[column] for key, texts in (TEXTS | MESSAGES).items()}


def script() -> str:
    """Return the texts as JavaScript for the page's own components."""
    tables = {language: table(language) for language in LANGUAGES}
    # "</" could end the script element early
    return f"window.STUDIO_TEXTS = {json.dumps(tables, ensure_ascii=False)};".replace("</", "<\\/")


def t(key: str) -> str:
    """Return the translatable text of a key, for labels of Gradio components.

    Raises:
        KeyError: There is no such text.
    """
    if key not in TEXTS:
        raise KeyError(key)
    # Typed as str: Gradio's components take it wherever they take a text.
    return gr.I18n()(key)  # type: ignore[return-value]
