// The first page needs nothing but the number in its head.

import { showCount } from "./cart.js";

showCount();
