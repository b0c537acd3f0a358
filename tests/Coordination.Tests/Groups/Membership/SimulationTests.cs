using System.Globalization;
using Loire.Coordination.Groups.Membership;

namespace Loire.Coordination.Tests.Groups.Membership;

public class SimulationTests
{
    public static TheoryData<int> Seeds
    {
        get
        {
            var given = Environment.GetEnvironmentVariable("LOIRE_SEED");
            return given is not null
                ? [int.Parse(given, CultureInfo.InvariantCulture)]
                : [.. Enumerable.Range(20260000, 24)];
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Through_churn_and_faults_each_partition_has_one_owner_and_afterwards_the_group_is_stable(int seed)
    {
        var simulation = new Simulation(seed);
        simulation.Run(beats: 600);
        Assert.True(simulation.Checker.OwnersSeen > 1_000 && simulation.Checker.CommitsInOrder > 100,
            $"seed {seed}: {simulation.Checker.OwnersSeen} owners and {simulation.Checker.CommitsInOrder} commits seen");
    }

    [Fact]
    public void The_same_seed_makes_the_same_history()
    {
        Assert.Equal(History(), History());

        static string History()
        {
            var simulation = new Simulation(20260101);
            simulation.Run(beats: 300);
            return Convert.ToHexString(GroupRecordCodec.Write(simulation.Driver.State.Snapshot()).Span)
                + simulation.Checker.OwnersSeen + " " + simulation.Checker.CommitsInOrder;
        }
    }
}
