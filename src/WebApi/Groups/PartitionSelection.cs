using System.Globalization;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>Topics that a request names, each with some of its partitions or, as null, with all.</summary>
internal sealed class PartitionSelection
{
    private readonly SortedDictionary<TopicName, int[]?> _topics = [];

    public IReadOnlyCollection<TopicName> Topics => _topics.Keys;

    /// <summary>Reads what a body names; what is wrong with it is said in one sentence.</summary>
    public static (PartitionSelection? Selection, ApiProblem? Problem) Read(TopicPartitionsJson[] topics)
    {
        var selection = new PartitionSelection();
        foreach (var entry in topics)
        {
            if (entry is null)
            {
                return (null, ApiProblem.BadRequest("An entry of topics is null."));
            }

            if (!TopicName.TryParse(entry.TopicName, out var name, out var illegal))
            {
                return (null, new ApiProblem(ErrorCode.InvalidTopicException, illegal));
            }

            if (entry.Partitions is { } wanted && Problem(name, wanted) is { } problem)
            {
                return (null, ApiProblem.BadRequest(problem));
            }

            if (!selection._topics.TryAdd(name, entry.Partitions))
            {
                return (null, ApiProblem.BadRequest($"Topic {name} is given twice."));
            }
        }

        return topics.Length == 0 ? (null, ApiProblem.BadRequest("topics names no topic.")) : (selection, null);
    }

    /// <summary>The partitions in their order, where <paramref name="all"/> tells those of a topic without numbers.</summary>
    public IEnumerable<TopicPartition> Expand(Func<TopicName, IEnumerable<int>> all) =>
        _topics.SelectMany(topic => (topic.Value ?? all(topic.Key)).Order().Select(partition => new TopicPartition(topic.Key, partition)));

    private static string? Problem(TopicName topic, int[] partitions) =>
        partitions.Length == 0 ? $"partitions of topic {topic} is empty; without it all of them are meant."
        : Array.Exists(partitions, partition => partition < 0) ? "A partition is a whole number from 0."
        : partitions.CountBy(partition => partition).FirstOrDefault(entry => entry.Value > 1) is { Value: > 1, Key: var twice }
            ? string.Create(CultureInfo.InvariantCulture, $"Partition {topic}-{twice} is given twice.")
        : null;
}
