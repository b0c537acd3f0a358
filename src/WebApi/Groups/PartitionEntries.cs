using System.Globalization;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>Reads a list in a body whose every entry is about one partition, each partition at most once.</summary>
internal static class PartitionEntries
{
    /// <summary>All entries, or what is wrong with the first one that is not acceptable.</summary>
    /// <param name="list">The name of the list, for people.</param>
    /// <param name="entries">Its entries.</param>
    /// <param name="placeOf">Which partition an entry is about.</param>
    /// <param name="read">Reads the rest of an entry.</param>
    public static (TRead[]? Read, ApiProblem? Problem) Read<TEntry, TRead>(
        string list,
        TEntry?[] entries,
        Func<TEntry, (string TopicName, int Partition)> placeOf,
        Func<TEntry, TopicPartition, (TRead Read, ApiProblem? Problem)> read)
        where TEntry : class
    {
        if (entries.Length is 0 or > Limits.OffsetsPerCommit)
        {
            return (null, ApiProblem.BadRequest($"{list} has 1 to {Limits.OffsetsPerCommit} entries."));
        }

        var seen = new HashSet<TopicPartition>(entries.Length);
        var all = new TRead[entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            var problem = entries[i] is { } entry ? TryRead(entry, out all[i]) : ApiProblem.BadRequest("it is null.");
            if (problem is not null)
            {
                var detail = string.Create(CultureInfo.InvariantCulture, $"Entry {i} of {list} is not acceptable: {problem.Detail}");
                return (null, problem with { Detail = detail });
            }
        }

        return (all, null);

        ApiProblem? TryRead(TEntry entry, out TRead result)
        {
            result = default!;
            var (name, number) = placeOf(entry);
            if (!TopicName.TryParse(name, out var topic, out var illegal))
            {
                return new ApiProblem(ErrorCode.InvalidTopicException, illegal);
            }

            if (number < 0)
            {
                return ApiProblem.BadRequest("a partition is a whole number from 0.");
            }

            var partition = new TopicPartition(topic, number);
            (result, var problem) = read(entry, partition);
            return problem ?? (seen.Add(partition) ? null : ApiProblem.BadRequest($"partition {partition} is given twice."));
        }
    }
}
