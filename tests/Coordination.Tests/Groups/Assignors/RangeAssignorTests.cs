using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

public class RangeAssignorTests
{
    [Theory]
    [InlineData("t0:3,t1:3|C0;;-1;t0,t1;|C1;;-1;t0,t1;", "C0: t0-0 t0-1 t1-0 t1-1 | C1: t0-2 t1-2", "Kafka's documented example")]
    [InlineData("t0:3,t1:3|C3;I0;-1;t0,t1;|C2;I1;-1;t0,t1;", "C2: t0-2 t1-2 | C3: t0-0 t0-1 t1-0 t1-1",
        "Kafka's example of static members that come back with other member ids")]
    [InlineData("t0:3,t1:3|C3;;-1;t0,t1;|C2;;-1;t0,t1;", "C2: t0-0 t0-1 t1-0 t1-1 | C3: t0-2 t1-2",
        "the same of dynamic members: all moves")]
    [InlineData("t:3|a;;-1;t;|z;I;-1;t;", "a: t-2 | z: t-0 t-1", "a static member comes before a dynamic one")]
    [InlineData("t:2|b;;-1;t;|B;;-1;t;", "B: t-0 | b: t-1", "ids are compared by their characters' numbers")]
    [InlineData("t:2|a;;-1;t;|b;;-1;t;|c;;-1;t;", "a: t-0 | b: t-1 | c:", "more members than partitions: the last stay idle")]
    [InlineData("t:7|a;;-1;t;|b;;-1;t;|c;;-1;t;", "a: t-0 t-1 t-2 | b: t-3 t-4 | c: t-5 t-6", "the first gets the one that is left over")]
    [InlineData("t0:1,t1:2|a;;-1;t0;|b;;-1;t0,t1;", "a: t0-0 | b: t1-0 t1-1", "each topic among its own subscribers")]
    [InlineData("t:2,none:0|a;;-1;t,none,gone;|b;;-1;gone;", "a: t-0 t-1 | b:", "topics without partitions and unknown ones give nothing")]
    [InlineData("t:2,u:2|a;;-1;t;", "a: t-0 t-1", "a topic without a subscriber is nobody's")]
    [InlineData("t:2|a;;-1;t,t;|b;;-1;t;", "a: t-0 | b: t-1", "who names a topic twice counts once")]
    [InlineData("t:2|a;;5;t;|b;;5;t;t-0,t-1", "a: t-0 | b: t-1", "what members had does not matter")]
    public void Each_topic_is_cut_into_runs(string group, string expected, string reason)
    {
        var actual = GroupCase.Parse(group).Assign(new RangeAssignor());
        Assert.True(expected == actual, $"{reason}: {actual}");
    }
}
