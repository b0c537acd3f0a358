using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>The checker finds what is wrong, and nothing where nothing is. Group "least" is at least once, "most" at most once.</summary>
public sealed class GroupCheckerTests
{
    private static readonly TopicPartition P = new("t", 0);

    private readonly GroupChecker _checker = new(new Dictionary<string, ConsumeGuarantee>
    {
        ["least"] = ConsumeGuarantee.AtLeastOnce,
        ["most"] = ConsumeGuarantee.AtMostOnce,
    });

    private long _now;

    [Fact]
    public void A_history_as_promised_has_no_problems()
    {
        Handover();
        Take(new Acknowledged(P, 2, 102));
        Take(new Acknowledged(P, 3, 103));
        Work("b", 1, 3);
        Commit("b", 4);
        Take(new Revoked("least", "b", P, false));
        Take(new Assigned("least", "c", null, P, 3));
        Take(new OffsetRead("least", "c", P, 4, _now));
        _checker.End();
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void What_a_zombie_was_told_in_time_is_no_problem()
    {
        Handover(isLost: true);
        Take(new Committed("least", "a", P, 2, BegunAt: _now, ErrorCode.UnknownMemberId));
        Take(new Revoked("least", "a", P, true));
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void A_successor_of_the_same_instance_may_overlap()
    {
        Take(new Assigned("least", "a", "i", P, 1));
        Take(new Assigned("least", "b", "i", P, 1));
        Deliver("a", 0);
        Deliver("b", 0);
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void Two_owners_in_one_generation_are_found()
    {
        Take(new Answered("least", "a", "m1", null, 5, [P], _now));
        Take(new Answered("least", "a", "m1", null, 6, [P], _now));
        Take(new Answered("least", "b", "m2", null, 7, [P], _now));
        Assert.Empty(_checker.Problems);
        Take(new Answered("least", "b", "m2", null, 7, [P], _now));
        Take(new Answered("least", "c", "m3", null, 6, [P], _now));
        Finds("in one generation");
    }

    [Fact]
    public void A_generation_that_falls_is_found()
    {
        Take(new Answered("least", "a", "m1", null, 5, [], _now));
        Take(new Answered("least", "a", "m1", null, 4, [], _now));
        Finds("the generation has fallen");
    }

    [Fact]
    public void A_generation_that_was_asked_for_before_a_higher_one_was_told_is_none()
    {
        Take(new Answered("least", "a", "m1", null, 5, [], _now));
        Take(new Answered("least", "a", "m1", null, 4, [], 0));
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void A_record_of_a_partition_that_another_has_taken_over_is_found()
    {
        Handover(isLost: true);
        Deliver("a", 2);
        Finds("delivered though b has it");
    }

    [Fact]
    public void A_record_of_a_partition_that_a_zombie_believes_to_have_got_is_found()
    {
        Take(new Assigned("least", "b", null, P, 2));
        Take(new Assigned("least", "a", null, P, 1));
        Deliver("b", 0);
        Assert.Empty(_checker.Problems);
        Deliver("a", 0);
        Finds("delivered though b has it");
    }

    [Fact]
    public void A_record_that_was_asked_for_before_the_partition_was_taken_over_is_none()
    {
        Handover(isLost: true);
        Take(new Delivered("least", "a", P, 2, 102, AskedAt: 3));
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void A_record_of_a_partition_that_was_given_up_is_found()
    {
        Handover();
        Deliver("a", 2);
        Finds("delivered to whom it is not assigned");
    }

    [Fact]
    public void A_skipped_record_is_found()
    {
        Take(new Assigned("least", "a", null, P, 1));
        Deliver("a", 0);
        Deliver("a", 2);
        Finds("delivered after 0");
    }

    [Fact]
    public void A_beginning_beyond_what_the_group_has_seen_is_found()
    {
        Handover();
        Deliver("b", 3);
        Finds("skipped the records from 2 on");
    }

    [Fact]
    public void A_beginning_behind_a_stored_commit_is_found()
    {
        Handover();
        Deliver("b", 0);
        Finds("begun behind the stored commit 1");
    }

    [Fact]
    public void A_record_that_nobody_got_is_found()
    {
        Handover();
        Take(new Acknowledged(P, 2, 102));
        _checker.End();
        Assert.Contains("least: t-0@2 was acknowledged and never delivered", _checker.Problems);
    }

    [Fact]
    public void A_record_that_is_another_than_was_acknowledged_is_found()
    {
        Take(new Acknowledged(P, 0, 100));
        Take(new Assigned("least", "a", null, P, 1));
        Take(new Delivered("least", "a", P, 0, 999, _now));
        Finds("is 999 for a and was 100 before");
    }

    [Fact]
    public void A_commit_of_what_nobody_has_finished_is_found()
    {
        Take(new Assigned("least", "a", null, P, 1));
        Deliver("a", 0);
        Take(new Committing("least", "a", P, 1));
        Finds("nobody has finished more than 0");
    }

    [Fact]
    public void A_stored_commit_of_a_zombie_is_found()
    {
        Handover(isLost: true);
        Take(new Finished("least", "a", P, 1));
        Commit("a", 2);
        Finds("a zombie's commit was stored");
    }

    [Fact]
    public void A_commit_that_was_under_way_when_the_partition_went_is_none()
    {
        Handover(isLost: true);
        Take(new Committed("least", "a", P, 1, BegunAt: 3, ErrorCode.None));
        Assert.Empty(_checker.Problems);
    }

    [Fact]
    public void A_committed_offset_that_falls_is_found()
    {
        Handover();
        Work("b", 1, 3);
        Commit("b", 4);
        Commit("b", 2);
        Finds("the committed offset has fallen from 4");
    }

    [Fact]
    public void A_lost_commit_is_found()
    {
        Handover();
        Take(new OffsetRead("least", "b", P, 0, _now));
        Finds("the stored commit 1 is lost");
    }

    [Fact]
    public void At_most_once_a_record_that_comes_again_is_found()
    {
        Take(new Assigned("most", "a", null, P, 1));
        Take(new Committed("most", "a", P, 5, _now, ErrorCode.None));
        Take(new Delivered("most", "a", P, 1, 101, _now));
        Take(new Delivered("most", "a", P, 3, 103, _now));
        Assert.Empty(_checker.Problems);
        Take(new Assigned("most", "b", null, P, 2));
        Take(new Delivered("most", "b", P, 3, 103, _now));
        Finds("delivered twice");
    }

    [Fact]
    public void At_most_once_a_record_that_is_not_committed_is_found()
    {
        Take(new Assigned("most", "a", null, P, 1));
        Take(new Committed("most", "a", P, 5, _now, ErrorCode.None));
        Take(new Delivered("most", "a", P, 5, 105, _now));
        Finds("delivered before it was committed");
    }

    // Consumer a reads 0 and 1, finishes and commits 0; then b has the partition.
    private void Handover(bool isLost = false)
    {
        Take(new Acknowledged(P, 0, 100));
        Take(new Acknowledged(P, 1, 101));
        Take(new Assigned("least", "a", null, P, 1));
        Work("a", 0, 0);
        Commit("a", 1);
        Deliver("a", 1);
        if (!isLost)
        {
            Take(new Revoked("least", "a", P, false));
        }

        Take(new Assigned("least", "b", null, P, 2));
    }

    private void Work(string consumer, long first, long last)
    {
        for (var offset = first; offset <= last; offset++)
        {
            Deliver(consumer, offset);
            Take(new Finished("least", consumer, P, offset));
        }
    }

    private void Deliver(string consumer, long offset) => Take(new Delivered("least", consumer, P, offset, 100 + offset, _now));

    private void Commit(string consumer, long offset)
    {
        Take(new Committing("least", consumer, P, offset));
        Take(new Committed("least", consumer, P, offset, _now, ErrorCode.None));
    }

    private void Take(Happening happening)
    {
        happening.At = ++_now;
        _checker.Take(happening);
    }

    private void Finds(string problem) => Assert.Contains(problem, Assert.Single(_checker.Problems), StringComparison.Ordinal);
}
