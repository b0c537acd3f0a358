using Orleans.Activations;

namespace Orleans.Runtime;

/// <summary>Which activation the turn on this thread belongs to; null outside of turns, <c>Task.Run</c> included.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    private static Activation? _current;

    public static Activation? Current
    {
        get => _current;
        set => _current = value;
    }
}
