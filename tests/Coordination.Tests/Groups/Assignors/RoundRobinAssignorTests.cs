using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

public class RoundRobinAssignorTests
{
    [Theory]
    [InlineData("t0:3,t1:3|C0;;-1;t0,t1;|C1;;-1;t0,t1;", "C0: t0-0 t0-2 t1-1 | C1: t0-1 t1-0 t1-2", "Kafka's documented example")]
    [InlineData("t0:1,t1:2,t2:3|C0;;-1;t0;|C1;;-1;t0,t1;|C2;;-1;t0,t1,t2;", "C0: t0-0 | C1: t1-0 | C2: t1-1 t2-0 t2-1 t2-2",
        "Kafka's example of different subscriptions, which it does not balance")]
    [InlineData("t0:1,t1:2,t2:3|C1;;-1;t0,t1;|C2;;-1;t0,t1,t2;", "C1: t0-0 t1-1 | C2: t1-0 t2-0 t2-1 t2-2", "the same after C0 has left")]
    [InlineData("t0:2,t1:2,t2:2,t3:2|C0;;-1;t0,t1,t2,t3;|C2;;-1;t0,t1,t2,t3;", "C0: t0-0 t1-0 t2-0 t3-0 | C2: t0-1 t1-1 t2-1 t3-1",
        "Kafka's example of what sticky would do better")]
    [InlineData("t0:3,t1:3|C5;I1;-1;t0,t1;|C3;I2;-1;t0,t1;|C4;I3;-1;t0,t1;", "C3: t0-1 t1-1 | C4: t0-2 t1-2 | C5: t0-0 t1-0",
        "Kafka's example of static members that come back with other member ids")]
    [InlineData("t:3|a;;-1;t;|z;I;-1;t;", "a: t-1 | z: t-0 t-2", "a static member comes before a dynamic one")]
    [InlineData("t10:1,t9:1|a;;-1;t9,t10;|b;;-1;t9,t10;", "a: t10-0 | b: t9-0", "topics are in order of their characters")]
    [InlineData("t0:1,t1:1,t2:1|a;;-1;t2;|b;;-1;t0,t1;|c;;-1;t1,t2;", "a: t2-0 | b: t0-0 | c: t1-0",
        "the turn goes on from topic to topic")]
    [InlineData("t:2,none:0|a;;-1;t,none,gone;|b;;-1;gone;", "a: t-0 t-1 | b:", "topics without partitions and unknown ones give nothing")]
    public void Partitions_are_dealt_in_turn(string group, string expected, string reason)
    {
        var actual = GroupCase.Parse(group).Assign(new RoundRobinAssignor());
        Assert.True(expected == actual, $"{reason}: {actual}");
    }
}
