using Loire.Groups.Benchmarks;
using Loire.Protocols.Groups.Assignors;

// With 'grains [directory]' measures groups on a silo with a file store; otherwise
// prints how long each assignor takes for 10,000 partitions and 1,000 members, in several situations. Target: below 500 ms.
// dotnet run -c Release --project benchmarks/Groups [-p:OrleansRuntime=Local]
if (args is ["grains", ..])
{
    var directory = args.ElementAtOrDefault(1) ?? Path.GetTempPath();
    await GroupGrains.MeasureAsync(Path.Combine(directory, "loire-bench-" + Guid.NewGuid().ToString("N")));
    return;
}

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
