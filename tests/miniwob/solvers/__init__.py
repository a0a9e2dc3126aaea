"""The solvers, one function for each task of the list, in the order of the list, and for a few others.

A solver knows its task as a person does who has been told the rules. It sees the page state and does actions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.solvers import boxes, dates, dragging, fields, finding, further, mail, pictures, texts, unfolding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from miniwob.page import Page

SOLVERS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "click-button": finding.click_button,
    "click-button-sequence": finding.click_button_sequence,
    "click-checkboxes": boxes.click_checkboxes,
    "click-checkboxes-large": boxes.click_checkboxes,
    "click-collapsible-2": unfolding.click_collapsible,
    "click-color": pictures.click_color,
    "click-dialog-2": finding.click_dialog,
    "click-link": finding.click_link,
    "click-menu": unfolding.click_menu,
    "click-option": boxes.click_option,
    "click-scroll-list": boxes.click_scroll_list,
    "click-shape": pictures.click_shape,
    "click-tab-2": unfolding.click_tab,
    "click-test-2": finding.click_test,
    "click-widget": finding.click_widget,
    "choose-date": dates.choose_date,
    "choose-list": boxes.choose_list,
    "copy-paste": fields.copy_paste,
    "drag-items": dragging.drag_items,
    "drag-sort-numbers": dragging.drag_sort_numbers,
    "drag-box": dragging.drag_box,
    "email-inbox": mail.email_inbox,
    "email-inbox-forward-nl": mail.email_inbox_forward,
    "enter-date": dates.enter_date,
    "enter-password": fields.enter_password,
    "enter-text": fields.enter_text,
    "enter-text-dynamic": fields.enter_text,
    "enter-time": dates.enter_time,
    "focus-text-2": fields.focus_text,
    "form-sequence": fields.form_sequence,
    "grid-coordinate": pictures.grid_coordinate,
    "highlight-text": texts.highlight_text,
    "login-user": fields.login_user,
    "login-user-popup": fields.login_user_popup,
    "navigate-tree": unfolding.navigate_tree,
    "read-table": finding.read_table,
    "search-engine": finding.search_engine,
    "social-media": finding.social_media,
    "text-editor": texts.text_editor,
    "use-autocomplete": fields.use_autocomplete,
    "use-slider": fields.use_slider,
    "use-spinner": fields.use_spinner,
}

FURTHER: dict[str, Callable[[Page], Awaitable[None]]] = {
    "click-menu-2": further.click_menu,
    "click-pie": further.click_pie,
    "click-shades": further.click_shades,
    "drag-circle": further.drag_shape,
    "drag-shapes": further.drag_shapes,
    "drag-single-shape": further.drag_shape,
    "draw-line": further.draw_line,
    "resize-textarea": further.resize_textarea,
    "use-slider-2": further.use_sliders,
}
