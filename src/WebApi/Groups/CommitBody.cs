using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>Checks the offsets that a body commits, each by itself and all together.</summary>
internal static class CommitBody
{
    public static (CommittedOffset[]? Offsets, ApiProblem? Problem) Read(CommitOffsetsJson body)
    {
        if (body.Offsets.Length is 0 or > Limits.OffsetsPerCommit)
        {
            return (null, ApiProblem.BadRequest($"offsets has 1 to {Limits.OffsetsPerCommit} entries."));
        }

        var seen = new HashSet<TopicPartition>(body.Offsets.Length);
        var offsets = new CommittedOffset[body.Offsets.Length];
        for (var i = 0; i < offsets.Length; i++)
        {
            var problem = TryRead(body.Offsets[i], i, out offsets[i]);
            problem ??= seen.Add(offsets[i].Partition) ? null : ApiProblem.BadRequest($"Partition {offsets[i].Partition} is given twice.");
            if (problem is not null)
            {
                return (null, problem);
            }
        }

        return (offsets, null);
    }

    private static ApiProblem? TryRead(CommitOffsetJson? entry, int index, out CommittedOffset offset)
    {
        offset = null!;
        if (entry is null)
        {
            return Refuse(index, "it is null.");
        }

        if (!TopicName.TryParse(entry.TopicName, out var topic, out var illegal))
        {
            return new ApiProblem(ErrorCode.InvalidTopicException, illegal);
        }

        var metadata = entry.Metadata ?? "";
        offset = new CommittedOffset(
            new TopicPartition(topic, entry.Partition),
            new Offset(entry.Offset),
            entry.LeaderEpoch is { } epoch ? new LeaderEpoch(epoch) : LeaderEpoch.None,
            metadata,
            Timestamp.None);
        return entry.Partition < 0 ? Refuse(index, "a partition is a whole number from 0.")
            : entry.Offset < 0 ? Refuse(index, "an offset is a whole number from 0.")
            : entry.LeaderEpoch < 0 ? Refuse(index, "a leader epoch is a whole number from 0, or absent.")
            : metadata.Length > Limits.OffsetMetadataLength
                ? new ApiProblem(ErrorCode.OffsetMetadataTooLarge, $"Metadata has at most {Limits.OffsetMetadataLength} characters.")
            : null;
    }

    private static ApiProblem Refuse(int index, string what) =>
        ApiProblem.BadRequest(string.Create(CultureInfo.InvariantCulture, $"Entry {index} of offsets is not acceptable: {what}"));
}
