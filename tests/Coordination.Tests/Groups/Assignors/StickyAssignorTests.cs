using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

public class StickyAssignorTests
{
    [Theory]
    [InlineData("t0:2,t1:2,t2:2,t3:2|C0;;-1;t0,t1,t2,t3;|C1;;-1;t0,t1,t2,t3;|C2;;-1;t0,t1,t2,t3;",
        "C0: t0-0 t1-1 t3-0 | C1: t0-1 t2-0 t3-1 | C2: t1-0 t2-1", "Kafka's first example: a new group")]
    [InlineData("t0:2,t1:2,t2:2,t3:2|C0;;1;t0,t1,t2,t3;t0-0,t1-1,t3-0|C2;;1;t0,t1,t2,t3;t1-0,t2-1",
        "C0: t0-0 t0-1 t1-1 t3-0 | C2: t1-0 t2-0 t2-1 t3-1",
        "after C1 has left everyone keeps what it had (Kafka's text is older than its code)")]
    [InlineData("t0:1,t1:2,t2:3|C0;;-1;t0;|C1;;-1;t0,t1;|C2;;-1;t0,t1,t2;",
        "C0: t0-0 | C1: t1-0 t1-1 | C2: t2-0 t2-1 t2-2", "Kafka's second example: different subscriptions, balanced")]
    [InlineData("t0:1,t1:2,t2:3|C1;;1;t0,t1;t1-0,t1-1|C2;;1;t0,t1,t2;t2-0,t2-1,t2-2",
        "C1: t0-0 t1-0 t1-1 | C2: t2-0 t2-1 t2-2", "the same after C0 has left: five of six stay")]
    [InlineData("t:4|a;;1;t;t-0,t-1,t-2,t-3|b;;-1;t;", "a: t-0 t-1 | b: t-2 t-3", "who has too much keeps the lowest numbers")]
    [InlineData("t0:2,t1:2|a;;1;t0,t1;t0-0,t0-1,t1-0,t1-1|b;;-1;t0,t1;", "a: t0-0 t1-0 | b: t0-1 t1-1", "and of each topic alike")]
    [InlineData("t:5|a;;1;t;t-3|b;;1;t;t-4|c;;1;t;", "a: t-1 t-3 | b: t-2 t-4 | c: t-0", "first who has less than its share")]
    [InlineData("t:3|a;;1;t;t-0|b;;1;t;t-1,t-2", "a: t-0 | b: t-1 t-2", "who has one more keeps it")]
    [InlineData("t:6|a;;1;t;t-0|b;;1;t;t-1,t-2|c;;1;t;t-3,t-4|d;;1;t;t-5", "a: t-0 | b: t-1 t-2 | c: t-3 t-4 | d: t-5",
        "and so does each of several")]
    [InlineData("t:2|a;;1;t;t-0|b;;2;t;t-0,t-1", "a: t-1 | b: t-0", "of two claims the newer generation's is right")]
    [InlineData("t:2|a;;2;t;t-0|b;;2;t;t-0,t-1", "a: t-0 | b: t-1", "of two equal claims none is")]
    [InlineData("t:3|a;;1;t;t-0|b;;1;t;t-0|c;;2;t;t-0", "a: t-1 | b: t-2 | c: t-0", "two old claims do not spoil a newer one")]
    [InlineData("t:2|a;;-1;t;t-0|b;;-1;t;t-1", "a: t-0 | b: t-1", "without a generation claims count if nobody objects")]
    [InlineData("t:2|b;;1;t;t-0|a;;1;t;t-1,t-7,gone-0", "a: t-1 | b: t-0", "claims to what does not exist are nothing")]
    [InlineData("t0:2,t1:2|a;;1;t1;t0-0,t0-1|b;;1;t0,t1;t1-0,t1-1", "a: t1-0 t1-1 | b: t0-0 t0-1", "who no longer subscribes gives up")]
    [InlineData("t:2|b;I0;-1;t;|a;I1;-1;t;", "a: t-0 | b: t-1", "instance ids do not matter here")]
    [InlineData("t:2|a;;-1;t;|b;;-1;;", "a: t-0 t-1 | b:", "who subscribes to nothing gets nothing")]
    [InlineData("|a;;-1;t;|b;;-1;t;", "a: | b:", "a topic that does not exist gives nothing")]
    public void Members_keep_what_balance_allows(string group, string expected, string reason)
    {
        Assert.All<IAssignor>([new StickyAssignor(), new CooperativeStickyAssignor()], assignor =>
        {
            var actual = GroupCase.Parse(group).Assign(assignor);
            Assert.True(expected == actual, $"{reason}: {actual}");
        });
    }
}
