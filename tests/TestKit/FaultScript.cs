namespace Loire.TestKit;

/// <summary>Scripted faults for selected calls of a <see cref="LossyGrainStorage"/>.</summary>
public sealed class FaultScript
{
    private readonly List<Rule> _rules = [];

    /// <summary>A script for a store; it replaces the store's faults.</summary>
    public FaultScript(LossyGrainStorage storage) => storage.Faults = DecideAsync;

    /// <summary>The calls seen, in order.</summary>
    public List<StorageCall> Calls { get; } = [];

    /// <summary>The next <paramref name="times"/> calls that <paramref name="which"/> names meet <paramref name="fault"/>.</summary>
    public FaultScript On(Func<StorageCall, bool> which, StorageFault fault, int times = 1) =>
        On(which, _ => Task.FromResult(fault), times);

    /// <summary>The next calls that <paramref name="which"/> names meet what <paramref name="fault"/> decides, at once or later.</summary>
    public FaultScript On(Func<StorageCall, bool> which, Func<StorageCall, Task<StorageFault>> fault, int times = 1)
    {
        _rules.Add(new Rule(which, fault) { Left = times });
        return this;
    }

    /// <summary>Stops injecting faults.</summary>
    public void Clear() => _rules.Clear();

    private Task<StorageFault> DecideAsync(StorageCall call)
    {
        Calls.Add(call);
        var rule = _rules.Find(rule => rule.Left > 0 && rule.Which(call));
        if (rule is null)
        {
            return Task.FromResult(StorageFault.None);
        }

        rule.Left--;
        return rule.Fault(call);
    }

    private sealed class Rule(Func<StorageCall, bool> which, Func<StorageCall, Task<StorageFault>> fault)
    {
        public Func<StorageCall, bool> Which { get; } = which;

        public Func<StorageCall, Task<StorageFault>> Fault { get; } = fault;

        public int Left { get; set; }
    }
}
