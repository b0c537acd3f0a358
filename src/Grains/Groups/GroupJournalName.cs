using Loire.Grains.Catalogs;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The name of a group's journal.</summary>
internal static class GroupJournalName
{
    /// <summary>The kind of the journals of groups.</summary>
    public const string Kind = "group";

    /// <summary>Returns the name for a legal id; different ids have different names.</summary>
    public static string Of(GroupId groupId) => $"{Kind}/{JournalKey.Of(groupId.Value)}";
}
