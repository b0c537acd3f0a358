using Orleans.Activations;

namespace Orleans.Runtime;

/// <summary>Which activation the code on this thread belongs to.</summary>
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
