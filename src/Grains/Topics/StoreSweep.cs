using Loire.Coordination.Topics;
using Loire.Log.Audits;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Topics;

/// <summary>
/// Deletes the objects of the store that belong to no living log. Those of a partition without a head go only if no topic has the partition's topic
/// id: a head may also have been lost, and then the operator decides.
/// </summary>
/// <param name="sweep">Finds and deletes the objects.</param>
/// <param name="topics">The topics of the store.</param>
/// <param name="logger">Logs what was deleted, and failures.</param>
internal sealed partial class StoreSweep(LogSweep sweep, StoredTopics topics, ILogger logger)
{
    /// <summary>Sweeps the store once. Never throws: what fails is tried again by the next sweep.</summary>
    public async Task RunAsync()
    {
        (ErrorCode Error, HashSet<Guid> Ids)? living = null;
        try
        {
            var deleted = await sweep.RunAsync(async name =>
            {
                // Read after the objects were listed: a topic that has one of these ids now had it then.
                var isPartition = Guid.TryParseExact(name.Split('/')[0], "N", out var id);
                living = isPartition ? living ?? await ReadIdsAsync() : living;
                return isPartition && living is { Error: ErrorCode.None } known && !known.Ids.Contains(id);
            });
            if (deleted > 0)
            {
                Swept(deleted);
            }
        }
        catch (Exception error)
        {
            CouldNotSweep(error);
        }
    }

    private async Task<(ErrorCode Error, HashSet<Guid> Ids)> ReadIdsAsync()
    {
        var (error, read) = await topics.ReadAsync();
        error = error == ErrorCode.None ? read.Select(topic => topic.Error).FirstOrDefault(one => one != ErrorCode.None) : error;
        return (error, [.. read.Where(topic => topic.State.Phase != TopicPhase.Absent).Select(topic => topic.State.Id.Value)]);
    }

    [LoggerMessage(1, LogLevel.Information, "Deleted {Objects} objects of logs that are deleted: writes that had arrived late.")]
    private partial void Swept(int objects);

    [LoggerMessage(2, LogLevel.Warning, "The objects of the store could not be swept.")]
    private partial void CouldNotSweep(Exception error);
}
