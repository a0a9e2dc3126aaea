// jQuery's plug-ins look for it on the window.

import $ from "jquery";

window.jQuery = $;
window.$ = $;
