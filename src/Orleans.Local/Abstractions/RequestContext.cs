namespace Orleans.Runtime;

/// <summary>
/// Values that travel with a call to the grain called, and on from there. What the grain called changes does not come back.
/// </summary>
public static class RequestContext
{
    internal const string ReentrancyKey = "#CCR";

    // Never changed in place: a call in flight and a later turn may hold the same dictionary.
    private static readonly AsyncLocal<Dictionary<string, object>?> Values = new();

    /// <summary>The call chain that may come back into grains that allowed it; empty for none.</summary>
    public static Guid ReentrancyId
    {
        get => Get(ReentrancyKey) is Guid id ? id : Guid.Empty;
        set
        {
            if (value == Guid.Empty)
            {
                Remove(ReentrancyKey);
            }
            else
            {
                Set(ReentrancyKey, value);
            }
        }
    }

    /// <summary>The names of all values.</summary>
    public static IEnumerable<string> Keys => Values.Value?.Keys ?? Enumerable.Empty<string>();

    /// <summary>All values.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries => Values.Value ?? Enumerable.Empty<KeyValuePair<string, object>>();

    internal static Dictionary<string, object>? Current
    {
        get => Values.Value;
        set => Values.Value = value;
    }

    /// <summary>While the section is open, the calls that this grain makes may call back into it, directly or through others.</summary>
    public static ReentrancySection AllowCallChainReentrancy()
    {
        var outer = ReentrancyId;
        return new ReentrancySection(outer, outer == Guid.Empty ? Guid.NewGuid() : outer);
    }

    /// <summary>While the section is open, calls made do not carry the permission to call back.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

    /// <summary>A value, or null.</summary>
    public static object? Get(string key) => Values.Value is { } values && values.TryGetValue(key, out var value) ? value : null;

    /// <summary>Sets a value for the calls made from here on.</summary>
    public static void Set(string key, object value) =>
        Values.Value = Values.Value is { } values ? new(values) { [key] = value } : new(1) { [key] = value };

    /// <summary>Removes a value; false if there was none.</summary>
    public static bool Remove(string key)
    {
        if (Values.Value is not { } values || !values.ContainsKey(key))
        {
            return false;
        }

        var rest = new Dictionary<string, object>(values);
        rest.Remove(key);
        Values.Value = rest.Count == 0 ? null : rest;
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear()
    {
        if (Values.Value is not null)
        {
            Values.Value = null;
        }
    }

    /// <summary>A stretch of code in which call chain reentrancy is allowed or suppressed; ended by disposing of it.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid _outer;
        private readonly Guid _inner;

        /// <summary>Enters a section.</summary>
        public ReentrancySection(Guid originalReentrancyId, Guid newReentrancyId)
        {
            _outer = originalReentrancyId;
            _inner = newReentrancyId;
            if (_inner != _outer)
            {
                ReentrancyId = _inner;
            }

            if (_inner != Guid.Empty)
            {
                RuntimeContext.Current?.EnterReentrantSection(_inner);
            }
        }

        /// <summary>Leaves the section.</summary>
        public void Dispose()
        {
            if (_inner != Guid.Empty)
            {
                RuntimeContext.Current?.ExitReentrantSection(_inner);
            }

            if (_inner != _outer)
            {
                ReentrancyId = _outer;
            }
        }
    }
}
