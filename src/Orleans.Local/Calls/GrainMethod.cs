using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Calls;

/// <summary>What the attributes of a method of a grain interface say about its calls.</summary>
internal sealed class GrainMethod(MethodInfo method)
{
    public string Name { get; } = $"{method.DeclaringType!.Name}.{method.Name}";

    public bool IsOneWay { get; } = method.IsDefined(typeof(OneWayAttribute));

    public bool IsAlwaysInterleave { get; } = method.IsDefined(typeof(AlwaysInterleaveAttribute));

    public bool IsReadOnly { get; } = method.IsDefined(typeof(ReadOnlyAttribute));

    public TimeSpan? ResponseTimeout { get; } = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;

    public override string ToString() => Name;
}
