using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>Reads what a request calls its member: an id, empty for none, and an instance id, null for none.</summary>
/// <param name="MemberId">The id; null for none.</param>
/// <param name="InstanceId">The instance id; null for none.</param>
internal readonly record struct MemberNames(MemberId? MemberId, GroupInstanceId? InstanceId)
{
    /// <summary>Reads the names; false if one of them is one that no member of any group can have.</summary>
    public static bool TryRead(string? memberId, string? instanceId, out MemberNames names)
    {
        var (id, instance) = (default(MemberId), default(GroupInstanceId));
        var isLegal = (string.IsNullOrEmpty(memberId) || Model.MemberId.TryParse(memberId, out id, out string? _))
            && (instanceId is null || GroupInstanceId.TryParse(instanceId, out instance, out string? _));
        names = new MemberNames(string.IsNullOrEmpty(memberId) ? default(MemberId?) : id, instanceId is null ? default(GroupInstanceId?) : instance);
        return isLegal;
    }

    /// <summary>The member of a generation.</summary>
    public ClassicMemberKey Of(int generation) => new(MemberId, InstanceId, generation);
}
