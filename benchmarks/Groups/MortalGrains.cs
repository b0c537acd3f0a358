using System.Reflection;

namespace Loire.Groups.Benchmarks;

/// <summary>A client's way to the cluster until it is killed: from then on no call leaves it and no answer comes.</summary>
public class MortalGrains : DispatchProxy
{
    private object _target = null!;
    private Life _life = null!;

    private sealed class Life
    {
        public volatile bool IsOver;
    }

    /// <summary>The grains, and what kills this way to them.</summary>
    public static IGrainFactory Over(IGrainFactory grains, out Action kill)
    {
        var life = new Life();
        kill = () => life.IsOver = true;
        return (IGrainFactory)Proxy(typeof(IGrainFactory), grains, life);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var returned = targetMethod!.ReturnType;
        if (returned.IsInterface)
        {
            return Proxy(returned, targetMethod.Invoke(_target, args)!, _life);
        }

        var call = typeof(MortalGrains).GetMethod(nameof(CallAsync), BindingFlags.NonPublic | BindingFlags.Instance)!;
        return call.MakeGenericMethod(returned.GetGenericArguments()[0]).Invoke(this, [targetMethod, args]);
    }

    private static object Proxy(Type contract, object target, Life life)
    {
        var proxy = Create(contract, typeof(MortalGrains));
        (((MortalGrains)proxy)._target, ((MortalGrains)proxy)._life) = (target, life);
        return proxy;
    }

    private async ValueTask<T> CallAsync<T>(MethodInfo method, object?[]? args)
    {
        if (!_life.IsOver)
        {
            var answer = await (ValueTask<T>)method.Invoke(_target, args)!;
            if (!_life.IsOver)
            {
                return answer;
            }
        }

        return await new TaskCompletionSource<T>().Task;
    }
}
