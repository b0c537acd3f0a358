namespace Loire.Client.Tests.Producing;

public sealed class AsyncFifoLockTests
{
    // Without xunit's synchronization context, which has continuations posted.
    [Fact]
    public Task Calls_that_wait_run_in_their_order_before_the_one_that_leaves_returns() => Task.Run(async () =>
    {
        var line = new AsyncFifoLock();
        Assert.False(await line.EnterAsync(default));
        var order = new List<int>();
        var calls = Enumerable.Range(0, 10_000).Select(CallAsync).ToArray();
        Assert.Empty(order);
        line.Leave();
        Assert.Equal(Enumerable.Range(0, 10_000), order);
        Assert.False(line.IsTaken);
        await Task.WhenAll(calls);

        async Task CallAsync(int number)
        {
            Assert.True(await line.EnterAsync(default));
            order.Add(number);
            line.Leave();
            await Task.Yield();
        }
    });

    [Fact]
    public Task A_call_that_waits_inside_holds_those_behind_it() => Task.Run(async () =>
    {
        var line = new AsyncFifoLock();
        await line.EnterAsync(default);
        var room = new TaskCompletionSource();
        var order = new List<int>();
        var calls = new[] { CallAsync(0, Task.CompletedTask), CallAsync(1, room.Task), CallAsync(2, Task.CompletedTask) };
        line.Leave();
        Assert.Equal([0], order);
        Assert.True(line.IsTaken);
        room.SetResult();
        await Task.WhenAll(calls);
        Assert.Equal([0, 1, 2], order);
        Assert.False(line.IsTaken);

        async Task CallAsync(int number, Task awaited)
        {
            await line.EnterAsync(default);
            await awaited;
            order.Add(number);
            line.Leave();
            await Task.Yield();
        }
    });

    [Fact]
    public Task A_call_that_is_cancelled_is_passed_over() => Task.Run(async () =>
    {
        var line = new AsyncFifoLock();
        await line.EnterAsync(default);
        using var cancellation = new CancellationTokenSource();
        var cancelled = line.EnterAsync(cancellation.Token).AsTask();
        var next = line.EnterAsync(default).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(next.IsCompleted);
        line.Leave();
        Assert.True(await next);
        line.Leave();
        Assert.False(line.IsTaken);
    });

    [Fact]
    public async Task One_call_at_a_time_is_inside_whatever_threads_they_come_from()
    {
        var line = new AsyncFifoLock();
        var (inside, entered) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var hasWaited = await line.EnterAsync(default);
                Assert.Equal(1, Interlocked.Increment(ref inside));
                entered++;
                if ((i + caller) % 7 == 0)
                {
                    await Task.Yield();
                }

                Interlocked.Decrement(ref inside);
                line.Leave();
                if (hasWaited)
                {
                    await Task.Yield();
                }
            }
        })));
        Assert.Equal(16_000, entered);
        Assert.False(line.IsTaken);
    }
}
