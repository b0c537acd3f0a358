using Loire.Grains.Interfaces.Consumers;
using Loire.Model;

namespace Loire.ConsumerProxy.Tests;

/// <summary>The user data of members that live in the cluster: groups have stored it, so its form stays.</summary>
public class SettingsTextTests
{
    private const string Stored =
        "loire.consumer/1 {\"ClientId\":\"app\",\"Host\":\"10.0.0.1\",\"InstanceId\":\"one\",\"OffsetReset\":1,\"AutoCommitInterval\":\"00:00:05\","
        + "\"SessionTimeout\":\"00:00:45\",\"MaxPollInterval\":\"00:05:00\",\"Assignors\":[\"range\"],\"FetchMinBytes\":1,\"Dialect\":\"json\"}";

    [Fact]
    public void Settings_are_written_in_the_stored_form_and_read_from_it()
    {
        Assert.True(SettingsText.TryRead(Stored, out var settings));
        Assert.Equal((GroupInstanceId?)"one", settings.InstanceId);
        Assert.Equal(OffsetSpec.Earliest, settings.OffsetReset);
        Assert.Equal(Stored, SettingsText.Write(settings));
        Assert.Null(settings.Isolation);
        var all = SettingsText.Write(settings with { Isolation = IsolationLevel.ReadUncommitted });
        Assert.True(SettingsText.TryRead(all, out var read));
        Assert.Equal(IsolationLevel.ReadUncommitted, read.Isolation);
    }

    [Theory]
    [InlineData(0, "latest")]
    [InlineData(1, "earliest")]
    [InlineData(2, "none")]
    public void A_reset_rule_is_stored_as_its_number(int number, string rule)
    {
        Assert.True(SettingsText.TryRead(Stored.Replace("\"OffsetReset\":1", $"\"OffsetReset\":{number}", StringComparison.Ordinal), out var settings));
        Assert.Equal(rule, settings.OffsetReset.ToString());
    }

    [Theory]
    [InlineData("\"OffsetReset\":1", "\"OffsetReset\":3")]
    [InlineData("\"InstanceId\":\"one\"", "\"InstanceId\":\"\"")]
    [InlineData("loire.consumer/1", "loire.consumer/2")]
    public void Other_texts_are_not_settings(string part, string instead) =>
        Assert.False(SettingsText.TryRead(Stored.Replace(part, instead, StringComparison.Ordinal), out ConsumerSettings? _));
}
