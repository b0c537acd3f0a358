using System.Globalization;
using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests.Simulation;

/// <summary>
/// How likely each fault is in one run; drawn for each seed, so that some runs are calm and some are all of one fault.
/// </summary>
internal sealed class FaultOdds
{
    public double Refuse { get; set; }

    public double FailBefore { get; set; }

    public double FailAfter { get; set; }

    public double OwnWriteConflicts { get; set; }

    public double ArriveLate { get; set; }

    public double AnswerLate { get; set; }

    public static FaultOdds Draw(Random random)
    {
        double One() => random.Next(3) == 0 ? random.NextDouble() * 0.3 : 0;
        return new FaultOdds
        {
            Refuse = One(),
            FailBefore = One(),
            FailAfter = One(),
            OwnWriteConflicts = One(),
            ArriveLate = One(),
            AnswerLate = One(),
        };
    }
}

/// <summary>
/// A <see cref="LossyGrainStorage"/> all of whose calls wait until the simulation lets one of them go on, with a fault or without. What a
/// killed owner has asked for may still arrive, or not.
/// </summary>
internal sealed class SimulatedStore
{
    private readonly List<(SynchronizationContext? Caller, Action Release)> _waiting = [];
    private readonly Random _random;
    private readonly Action<string> _trace;

    public SimulatedStore(Random random, Action<string> trace)
    {
        (_random, _trace) = (random, trace);
        Storage = new LossyGrainStorage { Faults = HoldAsync };
    }

    public LossyGrainStorage Storage { get; }

    public FaultOdds Odds { get; set; } = new();

    public int Waiting => _waiting.Count;

    /// <summary>Lets one of the calls that wait go on.</summary>
    public void ReleaseOne()
    {
        var index = _random.Next(_waiting.Count);
        var release = _waiting[index].Release;
        _waiting.RemoveAt(index);
        release();
    }

    /// <summary>Some of what a killed owner has asked for never arrives.</summary>
    public void Lose(SynchronizationContext caller) => _waiting.RemoveAll(call => call.Caller == caller && _random.Next(2) == 0);

    private Task<StorageFault> HoldAsync(StorageCall call)
    {
        var decided = new TaskCompletionSource<StorageFault>();
        _waiting.Add((SynchronizationContext.Current, () => Decide(call, decided)));
        return decided.Task;
    }

    private void Decide(StorageCall call, TaskCompletionSource<StorageFault> decided)
    {
        var fault = Draw(call);
        var size = call.Bytes.Length.ToString(CultureInfo.InvariantCulture);
        _trace($"{call.Operation} {call.Key} {call.ETag} {size} {fault.GetType().Name}");
        decided.SetResult(fault);
    }

    private Task Later()
    {
        var later = new TaskCompletionSource();
        _waiting.Add((null, later.SetResult));
        return later.Task;
    }

    private StorageFault Draw(StorageCall call)
    {
        var dice = _random.NextDouble();
        bool Hits(double odds) => (dice -= odds) < 0;

        if (Hits(Odds.FailBefore))
        {
            return StorageFault.Refuse(new TimeoutException("No answer; it never arrived."));
        }

        if (Hits(Odds.AnswerLate))
        {
            return StorageFault.AnswerLate(Later());
        }

        if (call.Operation == StorageOperation.Read)
        {
            return StorageFault.None;
        }

        return Hits(Odds.Refuse) ? StorageFault.Refuse(new StorageFullException("No room."))
            : Hits(Odds.FailAfter) ? StorageFault.LoseAnswer(new TimeoutException("No answer; it has arrived."))
            : Hits(Odds.OwnWriteConflicts)
                ? StorageFault.LoseAnswer(new InconsistentStateException("A retry inside the client met its own write.", "?", call.ETag))
            : Hits(Odds.ArriveLate) ? StorageFault.ArriveLate(new TimeoutException("No answer; it is on its way."), Later())
            : StorageFault.None;
    }
}
