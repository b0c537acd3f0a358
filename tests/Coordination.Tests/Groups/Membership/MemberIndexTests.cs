using System.Runtime.CompilerServices;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

public class MemberIndexTests
{
    private readonly MemberIndex _index = new();

    [Fact]
    public void Pattern_is_freed_when_its_last_member_changes_it()
    {
        _index.Add(Profile("one", "t.*"), 1);
        var replaced = Replace("other", "a.*", "b.*");
        GC.Collect();
        Assert.False(replaced.IsAlive);
    }

    [Fact]
    public void Members_with_the_same_pattern_share_it_until_the_last_of_them_leaves()
    {
        var (one, other) = (_index.Add(Profile("one", "t.*"), 1), _index.Add(Profile("other", "t.*"), 1));
        Assert.Same(one.Pattern, other.Pattern);
        _index.Remove(one);
        _index.Change(other, Profile("other", "t.*"), 2);
        Assert.Same(one.Pattern, other.Pattern);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Replace(string member, string before, string after)
    {
        var added = _index.Add(Profile(member, before), 1);
        var pattern = new WeakReference(added.Pattern);
        _index.Change(added, Profile(member, after), 2);
        return pattern;
    }

    private static MemberProfile Profile(string member, string pattern) => new(
        member, null, "client", "host",
        new MemberSubscription([], pattern, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5)));
}
