using Loire.Cluster.Tests.Clusters;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests;

/// <summary>A broker's id belongs to one living process.</summary>
public sealed class SameIdTests
{
    [AzuriteFact]
    public async Task Second_node_with_the_id_of_a_living_one_is_refused_and_says_where_that_is()
    {
        await using var cluster = await ClusterOfProcesses.StartAsync(1);
        var first = cluster.Nodes[0];
        await using var second = first.Launch();
        Assert.False(await second.IsServingAsync(), second.Output);
        Assert.Equal(1, await second.WaitForExitAsync());

        // What Orleans logs of the end is its own.
        var last = second.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith($"The node cannot run: As broker 1: the broker 1 is running at {first.Url} since ", last, StringComparison.Ordinal);
        using var ready = await first.Process.Client.GetAsync("/readyz");
        Assert.True(ready.IsSuccessStatusCode);
        await cluster.ProduceAsync(first, await cluster.CreateTopicAsync(1), 0, "a");
    }
}
