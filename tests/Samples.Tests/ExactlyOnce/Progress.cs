using System.Globalization;
using System.Text.RegularExpressions;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>How far the processes of a sample have come, by what they log: one line for each list of records. Thread-safe.</summary>
internal sealed partial class Progress
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _next = [];
    private TaskCompletionSource _changed = NewSignal();
    private int _repeated;

    /// <summary>The offsets that are applied in all partitions, but for those that a process did not get to log before it was killed.</summary>
    public long Offsets
    {
        get
        {
            lock (_lock)
            {
                return _next.Values.Sum();
            }
        }
    }

    /// <summary>The lists that a process tried to apply after another one had, without any effect.</summary>
    public int Repeated => Volatile.Read(ref _repeated);

    /// <summary>Notes a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="lists">Counts the lists of its process.</param>
    public void Note(string line, ref int lists)
    {
        var (applied, isRepeated) = (Applied().Match(line), Repetition().IsMatch(line));
        if (!applied.Success && !isRepeated)
        {
            return;
        }

        TaskCompletionSource changed;
        lock (_lock)
        {
            _repeated += isRepeated ? 1 : 0;
            if (applied.Success)
            {
                lists++;
                var (partition, next) = (applied.Groups[1].Value, long.Parse(applied.Groups[2].Value, CultureInfo.InvariantCulture));
                _next[partition] = Math.Max(next, _next.GetValueOrDefault(partition));
            }

            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    /// <summary>Waits until a condition holds, which can change with any line.</summary>
    public async Task WhenAsync(Func<bool> condition, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
            }

            if (condition())
            {
                return;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [GeneratedRegex(@"(payments-\d+) is (?:booked|applied) up to (\d+)")]
    private static partial Regex Applied();

    [GeneratedRegex(@"another process has it|, 0 of \d+ entries were new")]
    private static partial Regex Repetition();
}
