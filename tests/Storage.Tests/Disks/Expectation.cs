using Loire.Log;

namespace Loire.Storage.Tests.Disks;

/// <summary>
/// What a store may answer, from outside: for each key the version that was acknowledged last, and those whose outcome nobody knows. A
/// value that was refused may never be seen, and what was seen once must stay.
/// </summary>
/// <param name="mayLoseUnsynced">Whether a power loss may take back what was acknowledged since the last <see cref="Sync"/>.</param>
internal sealed class Expectation(bool mayLoseUnsynced = false)
{
    private readonly Dictionary<string, Version?> _known = [];
    private readonly Dictionary<string, Version?> _underWay = [];
    private readonly Dictionary<string, List<Version?>> _replaced = [];

    /// <param name="Value">The bytes.</param>
    /// <param name="Sequence">The version; 0 if it is not known yet.</param>
    public sealed record Version(byte[] Value, ulong Sequence);

    public IEnumerable<string> Keys => _known.Keys;

    /// <summary>The version to make a write conditional on.</summary>
    public ulong Sequence(string key) => _known.GetValueOrDefault(key)?.Sequence ?? 0;

    public bool IsUnderWay(string key) => _underWay.ContainsKey(key);

    /// <summary>A write (or, with null, a delete) begins.</summary>
    public void Begin(string key, byte[]? value)
    {
        _known.TryAdd(key, null);
        _underWay.Add(key, value is null ? null : new Version(value, 0));
    }

    /// <summary>It was acknowledged.</summary>
    public void Acknowledge(string key, ulong sequence)
    {
        if (mayLoseUnsynced)
        {
            _replaced.TryAdd(key, []);
            _replaced[key].Add(_known[key]);
        }

        _known[key] = _underWay[key] is { } version ? version with { Sequence = sequence } : null;
        _underWay.Remove(key);
    }

    /// <summary>Everything that was acknowledged is durable.</summary>
    public void Sync() => _replaced.Clear();

    /// <summary>It was refused: nothing of it may be stored.</summary>
    public void Refuse(string key) => _underWay.Remove(key);

    /// <summary>Compares a store with what it may answer; from then on it has to stay with its answers.</summary>
    public void Check(StoreRig rig, string when)
    {
        foreach (var key in _known.Keys.ToList())
        {
            var (value, sequence) = rig.ReadUndamaged(key, when);
            var known = _known[key];
            var isKnown = Same(known?.Value, value) && (known is null || known.Sequence == sequence);
            var isUnderWay = _underWay.TryGetValue(key, out var version) && Same(version?.Value, value);
            var isTakenBack = _replaced.TryGetValue(key, out var older) && older.Exists(old => Same(old?.Value, value) && (old?.Sequence ?? 0) == sequence);
            Assert.True(isKnown || isUnderWay || isTakenBack, $"{when}: {key} is {Describe(value, sequence)} instead of {Describe(known?.Value, known?.Sequence ?? 0)}.");
            _known[key] = value is null ? null : new Version(value, sequence);
            _underWay.Remove(key);
            _replaced.Remove(key);
        }
    }

    /// <summary>Compares a running store with what was acknowledged: what is under way may not be seen.</summary>
    public void CheckLive(StoreRig rig, string when)
    {
        foreach (var (key, known) in _known)
        {
            var (value, sequence) = rig.ReadUndamaged(key, when);
            Assert.True(
                Same(known?.Value, value) && (known?.Sequence ?? 0) == sequence,
                $"{when}: {key} is {Describe(value, sequence)} instead of {Describe(known?.Value, known?.Sequence ?? 0)}.");
        }
    }

    /// <summary>Compares a damaged store with what it may answer: errors are allowed, wrong answers are not.</summary>
    /// <returns>How many keys it refused.</returns>
    public int CheckDamaged(StoreRig rig, string when)
    {
        var refused = 0;
        foreach (var (key, known) in _known)
        {
            try
            {
                var (value, sequence) = rig.Read(key);
                Assert.True(
                    Same(known?.Value, value) && (known?.Sequence ?? 0) == sequence,
                    $"{when}: {key} is {Describe(value, sequence)} instead of {Describe(known?.Value, known?.Sequence ?? 0)}.");
            }
            catch (StorageDamagedException)
            {
                refused++;
            }
        }

        return refused;
    }

    public Expectation Clone()
    {
        var copy = new Expectation(mayLoseUnsynced);
        foreach (var (key, version) in _known)
        {
            copy._known.Add(key, version);
        }

        foreach (var (key, version) in _underWay)
        {
            copy._underWay.Add(key, version);
        }

        foreach (var (key, versions) in _replaced)
        {
            copy._replaced.Add(key, [.. versions]);
        }

        return copy;
    }

    private static bool Same(byte[]? left, byte[]? right)
        => left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

    private static string Describe(byte[]? value, ulong sequence)
        => value is null ? "absent" : $"{value.Length} bytes starting {Convert.ToHexString(value.AsSpan(0, Math.Min(8, value.Length)))} in version {sequence}";
}
