using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>Validates requests of members of classic groups by themselves: every limit on what a member may send.</summary>
public static class ClassicChecks
{
    /// <summary>Why a join is refused, whatever the group; <see cref="ErrorCode.None"/> if it is not.</summary>
    public static (ErrorCode Error, string? Detail) Check(ClassicJoin join, MembershipOptions options)
    {
        if (join.ClientId is null || join.Host is null || join.ClientId.Length > Limits.ClientNameLength || join.Host.Length > Limits.ClientNameLength)
        {
            return Invalid($"A client id and a host have at most {Limits.ClientNameLength} characters.");
        }

        if (join.MemberId == default(MemberId) || join.InstanceId == default(GroupInstanceId))
        {
            return Invalid("A member id and a group instance id must not be empty.");
        }

        if (join.SessionTimeout < options.SessionTimeoutMin || join.SessionTimeout > options.SessionTimeoutMax)
        {
            return (ErrorCode.InvalidSessionTimeout,
                $"The session timeout must be from {options.SessionTimeoutMin} to {options.SessionTimeoutMax}.");
        }

        if (join.RebalanceTimeout > TimeSpan.FromMilliseconds(int.MaxValue))
        {
            return Invalid($"The rebalance timeout is at most {int.MaxValue} ms.");
        }

        if (string.IsNullOrEmpty(join.ProtocolType) || join.Protocols.IsDefaultOrEmpty)
        {
            return (ErrorCode.InconsistentGroupProtocol, "A member names what the group is used for, and at least one protocol.");
        }

        if (join.ProtocolType.Length > Limits.GroupIdLength || join.Protocols.Length > Limits.ProtocolsPerMember
            || join.Protocols.Any(protocol => string.IsNullOrEmpty(protocol.Name) || protocol.Name.Length > Limits.GroupIdLength))
        {
            return Invalid($"A member lists at most {Limits.ProtocolsPerMember} protocols; their names have 1 to {Limits.GroupIdLength} characters.");
        }

        return join.Protocols.DistinctBy(protocol => protocol.Name).Count() < join.Protocols.Length ? Invalid("A member lists each protocol once.")
            : join.Protocols.Sum(protocol => (long)protocol.Metadata.Length) > Limits.ClassicBytesPerMember
                ? Invalid($"The metadata of a member has at most {Limits.ClassicBytesPerMember} bytes.")
            : (ErrorCode.None, null);
    }

    /// <summary>Whether assignments are within the limits of a member and of a group.</summary>
    public static bool AreAssignmentsWithinLimits(IEnumerable<ClassicAssignment> assignments)
    {
        var bytes = 0L;
        foreach (var assignment in assignments)
        {
            bytes += assignment.Assignment.Length;
            if (assignment.Assignment.Length > Limits.ClassicBytesPerMember || bytes > Limits.ClassicBytesPerGroup)
            {
                return false;
            }
        }

        return true;
    }

    private static (ErrorCode Error, string? Detail) Invalid(string detail) => (ErrorCode.InvalidRequest, detail);
}
