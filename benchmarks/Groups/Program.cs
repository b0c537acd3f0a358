using Loire.Groups.Benchmarks;
using Loire.Coordination.Groups.Assignors;

// Measures consumer groups: assignors (10,000 partitions, 1,000 members, several situations), commits to 1,000 groups, what a rebalance
// is to partitions that stay, how soon a dead member is replaced, 100,000 groups that exist; over a silo with a file store.
//   dotnet run -c Release --project benchmarks/Groups [-- assign|commits|gaps|failover|many|all [directory]]
var part = args.ElementAtOrDefault(0) ?? "assign";
var directory = args.ElementAtOrDefault(1) ?? Path.GetTempPath();
if (part is "assign" or "all")
{
    Assign();
}

if (part is not "assign")
{
    var runtime = typeof(IGrain).Assembly.GetName().Name;
    Console.WriteLine($"{Environment.ProcessorCount} processors, {runtime}, .NET {Environment.Version}, {directory}");
    Console.WriteLine();
    Row.Head();
    foreach (var (name, measure) in new (string, Func<string, Task>)[]
    {
        ("commits", ManyGroups.CommitsAsync), ("gaps", RebalanceGaps.MeasureAsync), ("failover", Failover.MeasureAsync),
        ("many", ManyGroups.ExistAsync),
    })
    {
        if (part == name || part == "all")
        {
            await measure(directory);
        }
    }
}

static void Assign()
{
    const int Members = 1_000;
    const int Partitions = 10_000;
    Console.WriteLine($"{$"{Partitions:N0} partitions, {Members:N0} members",-64}{"median ms",12}{"worst ms",12}{"first ms",12}");
    foreach (var situation in Situation.All(Members, Partitions))
    {
        foreach (var assignor in AssignorRegistry.BuiltIn)
        {
            // Both sticky ones make the same assignment; the others do not look at what members had.
            if (assignor is CooperativeStickyAssignor || (situation.IsReassignment && assignor is not StickyAssignor))
            {
                continue;
            }

            var (median, worst, first) = Timing.Of(() => assignor.Assign(situation.Members, situation.PartitionsCounts));
            Console.WriteLine($"{$"{assignor.Name}, {situation.Name}",-64}{median,12:N1}{worst,12:N1}{first,12:N1}");
        }
    }
}
