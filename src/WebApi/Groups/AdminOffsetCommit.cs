using Loire.Grains.Interfaces.Groups;
using Loire.Model.Groups;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>Changes a group's offsets on behalf of no member.</summary>
internal static class AdminOffsetCommit
{
    public static readonly ApiProblem HasMembers =
        new(ErrorCode.NonEmptyGroup, "The group has members; its offsets are set from outside only while it is empty.");

    /// <summary>Stores offsets; null if all are stored.</summary>
    public static async Task<ApiProblem?> CommitAsync(IGroupGrain group, CommittedOffset[] offsets)
    {
        var result = await group.Commit(new CommitRequest(null, -1, offsets));

        // Kafka's answer to a commit without a member, which would puzzle someone who is none.
        return result.Error == ErrorCode.UnknownMemberId ? HasMembers : CommitProblem.Of(result, "stored");
    }
}
