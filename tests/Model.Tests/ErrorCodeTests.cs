using System.Globalization;
using System.Xml.Linq;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests;

public sealed class ErrorCodeTests
{
    // Kafka renamed these when more than groups got coordinators and followers could serve reads; KafkaJS kept the old names.
    private static readonly Dictionary<string, string> Renamed = new()
    {
        ["UNKNOWN"] = "UNKNOWN_SERVER_ERROR",
        ["NOT_LEADER_FOR_PARTITION"] = "NOT_LEADER_OR_FOLLOWER",
        ["GROUP_LOAD_IN_PROGRESS"] = "COORDINATOR_LOAD_IN_PROGRESS",
        ["GROUP_COORDINATOR_NOT_AVAILABLE"] = "COORDINATOR_NOT_AVAILABLE",
        ["NOT_COORDINATOR_FOR_GROUP"] = "NOT_COORDINATOR",
    };

    [Fact]
    public void The_table_has_one_row_for_each_code_in_order()
    {
        Assert.Equal(Enum.GetValues<ErrorCode>().Order(), ErrorCodes.All.Select(e => e.Code));
        Assert.Equal(Enumerable.Range(-1, 135), ErrorCodes.All.Select(e => (int)e.Code));
        Assert.All(ErrorCodes.All, e => Assert.Same(e, ErrorCodes.Describe(e.Code)));
    }

    [Fact]
    public void Numbers_names_and_retriability_are_those_of_a_real_clients_table()
    {
        var lines = Fixture.ReadText("kafkajs-2.2.4/errors.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(89, lines.Length);
        foreach (var parts in lines.Select(line => line.Split(' ')))
        {
            var ours = ErrorCodes.Describe((ErrorCode)short.Parse(parts[0], CultureInfo.InvariantCulture));
            Assert.Equal(Renamed.GetValueOrDefault(parts[1], parts[1]), ours.Name);
            Assert.Equal(bool.Parse(parts[2]), ours.Retriable);
        }
    }

    [Fact]
    public void A_name_is_the_codes_own_in_capitals()
    {
        Assert.All(
            ErrorCodes.All,
            e => Assert.Equal(e.Code.ToString(), e.Name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true));
    }

    [Fact]
    public void A_texts_sentence_is_also_the_codes_documentation()
    {
        var documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Loire.Model.xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary")?.Value.Trim());
        Assert.All(ErrorCodes.All, e => Assert.Equal(e.Text, documentation[$"F:Loire.Model.ErrorCode.{e.Code}"]));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(134)]
    [InlineData(short.MaxValue)]
    [InlineData(short.MinValue)]
    public void A_number_that_nobody_knows_is_an_unknown_server_error_under_that_number(short code)
    {
        var description = ErrorCodes.Describe((ErrorCode)code);
        Assert.Equal("UNKNOWN_SERVER_ERROR", description.Name);
        Assert.Equal(code, (short)description.Code);
        Assert.False(description.Retriable);
    }
}
