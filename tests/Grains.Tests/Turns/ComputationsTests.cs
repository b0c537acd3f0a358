using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;

namespace Loire.Grains.Tests.Turns;

public class ComputationsTests
{
    [Fact]
    public void Only_so_many_run_at_a_time_and_the_next_ones_in_order()
    {
        var (drivers, pool) = (new DriverThread(), new DriverThread());
        var computations = new Computations(2, pool);
        List<int> computed = [];
        var calls = Enumerable.Range(0, 5).Select(i => drivers.Start(() => computations.RunAsync(() =>
        {
            computed.Add(i);
            return i;
        }))).ToList();

        Assert.Empty(computed);
        pool.Run();
        Assert.Equal([0, 1], computed);
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        drivers.Run();
        Assert.Equal([true, true, false, false, false], calls.Select(call => call.IsCompleted));
        pool.Run();
        Assert.Equal([0, 1, 2, 3], computed);
        drivers.Run();
        pool.Run();
        drivers.Run();
        Assert.Equal([0, 1, 2, 3, 4], calls.Select(call => call.Now()));
    }

    [Fact]
    public void One_that_throws_fails_its_caller_and_makes_room_for_the_next()
    {
        var thread = new DriverThread();
        var computations = new Computations(1, thread);
        var failing = thread.Start(() => computations.RunAsync<int>(() => throw new InvalidOperationException("a bug")));

        Assert.Equal("a bug", Assert.IsType<InvalidOperationException>(failing.Exception?.InnerException).Message);
        Assert.Equal(1, thread.Finish(() => computations.RunAsync(() => 1)));
    }

    [Fact]
    public async Task Outside_tests_the_thread_pool_runs_them()
    {
        Assert.True(await new Computations(1).RunAsync(() => Thread.CurrentThread.IsThreadPoolThread));
    }
}
