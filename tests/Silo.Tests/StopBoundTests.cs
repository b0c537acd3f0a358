namespace Loire.Silo.Tests;

/// <summary>A stop that hangs.</summary>
public sealed class StopBoundTests
{
    [Fact]
    public async Task A_stop_that_takes_too_long_ends_the_process_with_the_reason()
    {
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        StopBound.Begin(TimeSpan.FromMilliseconds(1), ended.SetResult);
        Assert.StartsWith("The node ends: it has not stopped within", await ended.Task, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_has_longer_than_the_host_grants() => Assert.True(StopBound.Default > LoireHost.StopTimeout);
}
