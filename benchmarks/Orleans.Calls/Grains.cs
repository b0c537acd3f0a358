using Orleans.Placement;

namespace Orleans.Calls.Benchmarks;

public interface ITarget : IGrainWithStringKey
{
    ValueTask<int> Add(int a, int b);

    Task<int> AddAsTask(int a, int b);

    ValueTask<int> AddLater(int a, int b);

    ValueTask Nothing();
}

public interface ICaller : IGrainWithStringKey
{
    /// <summary>Makes calls one after the other.</summary>
    Task CallValueTask(ITarget target, int calls);

    Task CallTask(ITarget target, int calls);

    Task CallLater(ITarget target, int calls);

    /// <summary>Makes calls with so many under way at the same time.</summary>
    Task CallManyAtOnce(ITarget target, int calls, int atOnce);
}

[PreferLocalPlacement]
public class Target : Grain, ITarget
{
    public ValueTask<int> Add(int a, int b) => new(a + b);

    public Task<int> AddAsTask(int a, int b) => Task.FromResult(a + b);

    public async ValueTask<int> AddLater(int a, int b)
    {
        await Task.Yield();
        return a + b;
    }

    public ValueTask Nothing() => default;
}

[PreferLocalPlacement]
public class Caller : Grain, ICaller
{
    public async Task CallValueTask(ITarget target, int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            await target.Add(i, i);
        }
    }

    public async Task CallTask(ITarget target, int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            await target.AddAsTask(i, i);
        }
    }

    public async Task CallLater(ITarget target, int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            await target.AddLater(i, i);
        }
    }

    public Task CallManyAtOnce(ITarget target, int calls, int atOnce) =>
        Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => CallValueTask(target, calls / atOnce)));
}
