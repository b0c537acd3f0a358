using Loire.Model.Memory;

namespace Loire.Model.Tests.Memory;

public sealed class MemoryQuotaTests
{
    private readonly MemoryQuota _quota = new(100);

    [Fact]
    public void An_amount_is_taken_if_it_fits_and_fits_again_once_another_is_returned()
    {
        Assert.True(_quota.TryTake(60));
        Assert.False(_quota.TryTake(41));
        Assert.True(_quota.TryTake(40));
        _quota.Return(60);
        Assert.True(_quota.TryTake(60));
        Assert.Equal(100, _quota.TakenBytes);
    }

    [Fact]
    public void An_amount_above_the_capacity_is_taken_while_nothing_else_is()
    {
        Assert.True(_quota.TryTake(1_000));
        Assert.False(_quota.TryTake(1));
        _quota.Return(1_000);
        Assert.True(_quota.TryTake(1));
        Assert.False(_quota.TryTake(1_000));
    }

    [Fact]
    public async Task Whoever_holds_all_that_is_taken_may_exceed_the_capacity()
    {
        _quota.Take(60);
        Assert.False(_quota.TryTake(50));
        Assert.True(_quota.TryTake(50, held: 60));
        _quota.Return(110);
        _quota.Take(90);
        var more = _quota.TakeAsync(200, Timeout.InfiniteTimeSpan, TimeProvider.System, held: 80).AsTask();
        Assert.False(more.IsCompleted);
        _quota.Return(10);
        Assert.True(await more);
        Assert.Equal(280, _quota.TakenBytes);
    }

    [Fact]
    public async Task Those_that_wait_are_served_in_order_of_arrival_and_nobody_overtakes_them()
    {
        _quota.Take(100);
        var (first, second) = (Wait(80), Wait(10));
        _quota.Return(50);
        Assert.False(first.IsCompleted || second.IsCompleted);
        Assert.False(_quota.TryTake(1));
        _quota.Return(50);
        Assert.True(await first);
        Assert.True(await second);
        Assert.Equal(90, _quota.TakenBytes);
    }

    [Fact]
    public async Task A_wait_that_ends_in_vain_takes_nothing_and_lets_those_behind_it_go_on()
    {
        using var cancellation = new CancellationTokenSource();
        _quota.Take(90);
        var first = _quota.TakeAsync(50, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation.Token).AsTask();
        var second = Wait(10);
        Assert.False(second.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.True(await second);
        Assert.False(await _quota.TakeAsync(1, TimeSpan.Zero, TimeProvider.System));
        Assert.Equal(100, _quota.TakenBytes);
    }

    [Fact]
    public async Task What_many_threads_take_never_exceeds_the_capacity_and_all_of_it_returns()
    {
        var (held, highest) = (0L, 0L);
        await Task.WhenAll(Enumerable.Range(1, 8).Select(holder => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var bytes = (holder * 7 + i) % 60;
                Assert.True(await _quota.TakeAsync(bytes, Timeout.InfiniteTimeSpan, TimeProvider.System));
                var now = Interlocked.Add(ref held, bytes);
                InterlockedMax(ref highest, now);
                Interlocked.Add(ref held, -bytes);
                _quota.Return(bytes);
            }
        })));
        Assert.InRange(highest, 1, 100);
        Assert.Equal(0, _quota.TakenBytes);
    }

    [Fact]
    public async Task A_claim_follows_what_its_holder_holds_and_returns_it_in_the_end()
    {
        var claim = new MemoryClaim(_quota, step: 10);
        Assert.True(claim.TryHold(41));
        Assert.Equal((50, 50), (claim.Bytes, _quota.TakenBytes));
        Assert.True(claim.TryHold(11));
        Assert.Equal(20, _quota.TakenBytes);
        _quota.Take(70);
        Assert.False(claim.TryHold(31));
        Assert.False(await claim.HoldAsync(31, TimeSpan.Zero, TimeProvider.System));
        Assert.Equal((20, 90), (claim.Bytes, _quota.TakenBytes));
        var more = claim.HoldAsync(40, Timeout.InfiniteTimeSpan, TimeProvider.System).AsTask();
        Assert.False(more.IsCompleted);
        _quota.Return(70);
        Assert.True(await more);
        claim.Dispose();
        Assert.Equal((0, 0), (claim.Bytes, _quota.TakenBytes));
    }

    private Task<bool> Wait(long bytes) => _quota.TakeAsync(bytes, Timeout.InfiniteTimeSpan, TimeProvider.System).AsTask();

    private static void InterlockedMax(ref long location, long value)
    {
        for (var seen = Volatile.Read(ref location); seen < value;)
        {
            seen = Interlocked.CompareExchange(ref location, value, seen) is var before && before == seen ? value : before;
        }
    }
}
