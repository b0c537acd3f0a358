namespace Loire.Kafka.Handlers.Fetching;

/// <summary>Requests that ask something of each of their partitions.</summary>
internal static class PartitionAnswers
{
    /// <summary>Answers each partition once, however often it is named, several at a time; topics and partitions keep their order.</summary>
    /// <param name="topics">The topics of the request.</param>
    /// <param name="nameOf">The name of a topic.</param>
    /// <param name="partitionsOf">The partitions of a topic.</param>
    /// <param name="indexOf">The number of a partition.</param>
    /// <param name="answer">Answers a partition as it was named last, and learns whether it was named more than once.</param>
    /// <param name="cancellation">Ends it all.</param>
    public static async Task<IEnumerable<(string Name, TAnswer[] Answers)>> EachAsync<TTopic, TPartition, TAnswer>(
        TTopic[] topics, Func<TTopic, string> nameOf, Func<TTopic, TPartition[]> partitionsOf, Func<TPartition, int> indexOf,
        Func<string, TPartition, bool, ValueTask<TAnswer>> answer, CancellationToken cancellation)
    {
        var asked = new OrderedDictionary<(string Topic, int Index), (TPartition Partition, bool IsRepeated)>();
        foreach (var topic in topics)
        {
            foreach (var partition in partitionsOf(topic))
            {
                var key = (nameOf(topic), indexOf(partition));
                asked[key] = (partition, asked.ContainsKey(key));
            }
        }

        var answers = new TAnswer[asked.Count];
        await Parallel.ForAsync(
            0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = FetchLimits.LookupsAtOnce, CancellationToken = cancellation },
            async (i, _) =>
            {
                var ((topic, _), (partition, isRepeated)) = asked.GetAt(i);
                answers[i] = await answer(topic, partition, isRepeated);
            });
        return asked.Keys.Zip(answers).GroupBy(static one => one.First.Topic, static one => one.Second).Select(static topic => (topic.Key, topic.ToArray()));
    }
}
