"""Plans of chaos runs: the same from the same seed, every fault in some, and carried out by something."""

from __future__ import annotations

from chaos.faults import _WAYS
from chaos.plan import FAULTS_IN_A_RUN, Company, Fault, Workload, draw


def test_a_seed_always_draws_the_same_plan() -> None:
    assert [draw(seed) for seed in range(50)] == [draw(seed) for seed in range(50)]
    assert len({draw(seed).faults for seed in range(50)}) > 40
    # Told apart from a change of how plans are drawn: old seeds would then mean other runs.
    assert draw(1).as_entry() == draw(1, tuple(Fault)).as_entry()


def test_two_hundred_seeds_break_everything_in_every_way_that_is_possible() -> None:
    plans = [draw(seed) for seed in range(1, 201)]
    for workload in Workload:
        broken = {planned.fault for plan in plans if plan.workload is workload for planned in plan.faults}
        ends_tabs = {Fault.BROWSER_KILLED, Fault.EXTENSION_PROCESS_KILLED}
        expected = set(Fault) - (ends_tabs if workload is Workload.COMMANDS else set())
        assert broken == expected
    for plan in plans:
        assert len({planned.fault for planned in plan.faults}) == FAULTS_IN_A_RUN
        assert plan.effects > sum(planned.after_effects for planned in plan.faults) + 2 * FAULTS_IN_A_RUN


def test_two_hundred_seeds_have_every_company_often_enough() -> None:
    plans = [draw(seed) for seed in range(1, 201)]
    for company in Company:
        together = [plan for plan in plans if plan.company is company]
        assert len(together) >= 20
        assert {plan.workload for plan in together} == set(Workload)
        assert {len(plan.pages) for plan in together} == {1 if company is Company.ALONE else 2}


def test_a_plan_of_few_kinds_has_only_these() -> None:
    assert {p.fault for p in draw(3, (Fault.SERVER_KILLED,)).faults} == {Fault.SERVER_KILLED}
    assert draw(3, (Fault.BROWSER_KILLED,)).workload is Workload.MODEL


def test_every_fault_can_be_carried_out() -> None:
    assert set(_WAYS) == set(Fault)
