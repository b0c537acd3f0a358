using System.Collections.Concurrent;
using System.Globalization;

namespace Loire.Client.Tests.Transactions;

/// <summary>What became of a transaction, as far as its producer knows.</summary>
internal enum Outcome
{
    /// <summary>Nobody has asked for a commit, or it is definitely not committed.</summary>
    NotCommitted,

    /// <summary>A commit was asked for, and not answered.</summary>
    Unknown,

    /// <summary>The commit was confirmed.</summary>
    Committed,
}

/// <summary>Money that goes from one partition to another.</summary>
/// <param name="Producer">The one life of a producer that makes it.</param>
/// <param name="Number">Its number among those of the producer.</param>
/// <param name="From">The partition that has less then.</param>
/// <param name="To">The partition that has more then.</param>
/// <param name="Amount">How much.</param>
internal sealed record Transfer(string Producer, int Number, int From, int To, int Amount)
{
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Producer}/{Number}");

    public string Taken => string.Create(CultureInfo.InvariantCulture, $"{Id} {-Amount}");

    public string Given => string.Create(CultureInfo.InvariantCulture, $"{Id} {Amount}");

    /// <summary>Reads a record again.</summary>
    public static (string Producer, int Number, long Amount) Read(string value)
    {
        var (slash, space) = (value.LastIndexOf('/'), value.IndexOf(' ', StringComparison.Ordinal));
        return (value[..slash], int.Parse(value[(slash + 1)..space], CultureInfo.InvariantCulture), long.Parse(value[space..], CultureInfo.InvariantCulture));
    }
}

/// <summary>What producers of transfers were told, and what must hold of it: a transfer is in both of its partitions or in none. Thread-safe.</summary>
internal sealed class Transfers
{
    private readonly ConcurrentDictionary<string, (Transfer Transfer, Outcome Outcome)> _transfers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Problems { get; } = new();

    /// <summary>A transfer is about to be written.</summary>
    public void Begin(Transfer transfer) => _transfers[transfer.Id] = (transfer, Outcome.NotCommitted);

    /// <summary>Its transaction has ended so; without this, it is not committed.</summary>
    public void End(Transfer transfer, Outcome outcome)
    {
        _transfers[transfer.Id] = (transfer, outcome);
        Count($"transfers {outcome switch
        {
            Outcome.Committed => "committed",
            Outcome.Unknown => "in doubt",
            _ => "not committed",
        }}");
    }

    public void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    public int CountOf(string what) => _counts.GetValueOrDefault(what);

    public string Summary() => string.Join(", ", _counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}"));

    /// <summary>Compares all that was told with what is committed in the end.</summary>
    /// <param name="logs">The committed values of each partition, in their order.</param>
    public void Check(IReadOnlyList<string>[] logs)
    {
        var seen = new Dictionary<string, List<(int Partition, long Amount)>>(StringComparer.Ordinal);
        var sum = 0L;
        for (var partition = 0; partition < logs.Length; partition++)
        {
            var last = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var value in logs[partition])
            {
                var (producer, number, amount) = Transfer.Read(value);
                sum += amount;
                if (last.TryGetValue(producer, out var before) && before >= number)
                {
                    Problems.Enqueue($"partition {partition}: {value} follows transfer {before} of its producer");
                }

                last[producer] = number;
                var id = value[..value.IndexOf(' ', StringComparison.Ordinal)];
                if (!seen.TryGetValue(id, out var places))
                {
                    seen.Add(id, places = []);
                }

                places.Add((partition, amount));
            }
        }

        if (sum != 0)
        {
            Problems.Enqueue($"the sum over all partitions is {sum}");
        }

        foreach (var (id, places) in seen)
        {
            if (!_transfers.TryGetValue(id, out var told))
            {
                Problems.Enqueue($"nobody has written {id}");
                continue;
            }

            (int, long)[] expected = [(told.Transfer.From, -told.Transfer.Amount), (told.Transfer.To, told.Transfer.Amount)];
            if (!places.Order().SequenceEqual(expected.Order()))
            {
                Problems.Enqueue($"{id}, {told.Outcome}, is in {string.Join(" and ", places)} instead of {string.Join(" and ", expected)}");
            }

            if (told.Outcome == Outcome.NotCommitted)
            {
                Problems.Enqueue($"{id} is there, and its producer knows that it is not committed");
            }
        }

        foreach (var (id, told) in _transfers.Where(told => told.Value.Outcome == Outcome.Committed && !seen.ContainsKey(told.Key)))
        {
            Problems.Enqueue($"{id} is lost: its commit was confirmed");
        }
    }
}
