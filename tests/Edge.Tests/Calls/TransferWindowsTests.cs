using Loire.Edge.Calls;
using Loire.TestKit;

namespace Loire.Edge.Tests.Calls;

/// <summary>How many bytes are under way to and from a broker at a time.</summary>
public sealed class TransferWindowsTests
{
    private const int Other = 1;

    [Fact]
    public void A_transfer_waits_while_the_window_is_full_and_begins_when_another_ends() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var first = await windows.BeginAsync(Other, 60);
        var second = windows.BeginAsync(Other, 60).AsTask();
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second).Dispose();
        (await windows.BeginAsync(Other, 100)).Dispose();
    });

    [Fact]
    public void Transfers_begin_in_the_order_in_which_they_came() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var first = await windows.BeginAsync(Other, 90);
        var large = windows.BeginAsync(Other, 80).AsTask();
        var small = windows.BeginAsync(Other, 5).AsTask();
        Assert.False(small.IsCompleted);
        first.Dispose();
        await Task.WhenAll(large, small);
    });

    [Fact]
    public void A_transfer_that_is_larger_than_the_window_has_it_to_itself() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var huge = await windows.BeginAsync(Other, 1_000_000);
        var next = windows.BeginAsync(Other, 2).AsTask();
        Assert.False(next.IsCompleted);
        huge.Dispose();
        await next;
    });

    [Fact]
    public void Brokers_do_not_wait_for_each_other_and_the_own_one_never() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var begun = time.GetUtcNow();
        await windows.BeginAsync(Other, 100);
        await windows.BeginAsync(2, 100);
        await windows.BeginAsync(0, 1_000);
        await windows.BeginAsync(0, 1_000);
        await windows.BeginAsync(Other, 0);
        Assert.Equal(begun, time.GetUtcNow());
    });

    [Fact]
    public void A_small_transfer_waits_for_no_other() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 640);
        await windows.BeginAsync(Other, 640);
        Assert.True(windows.BeginAsync(Other, 10).IsCompleted);
        Assert.False(windows.BeginAsync(Other, 11).IsCompleted);
    });

    [Fact]
    public void A_slow_transfer_holds_up_the_others_for_a_bounded_time() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var slow = await windows.BeginAsync(Other, 100);
        var begun = time.GetUtcNow();
        var late = await windows.BeginAsync(Other, 50);
        Assert.Equal(TransferWindows.LongestWait, time.GetUtcNow() - begun);
        late.Dispose();
        slow.Dispose();

        // What began without room is accounted for: the window is as large as before.
        (await windows.BeginAsync(Other, 100)).Dispose();
        var one = await windows.BeginAsync(Other, 60);
        Assert.False(windows.BeginAsync(Other, 60).IsCompleted);
        one.Dispose();
    });

    [Fact]
    public void A_cancelled_wait_leaves_its_place_to_the_next() => VirtualTime.Run(async time =>
    {
        var windows = new TransferWindows(time, self: 0, bytes: 100);
        var first = await windows.BeginAsync(Other, 60);
        using var cancellation = new CancellationTokenSource();
        var cancelled = windows.BeginAsync(Other, 100, cancellation.Token).AsTask();
        var next = windows.BeginAsync(Other, 40).AsTask();
        Assert.False(next.IsCompleted);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await next;
        first.Dispose();
    });
}
