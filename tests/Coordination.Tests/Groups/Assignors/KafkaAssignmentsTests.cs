using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

public class KafkaAssignmentsTests
{
    /// <summary>Assignors and groups with the assignment of Kafka's own assignor.</summary>
    public static TheoryData<string, string> Assignments
    {
        get
        {
            var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Groups", "Assignors", "kafka-assignments.txt"))
                .Where(line => !line.StartsWith('#')).ToArray();
            var assignments = new TheoryData<string, string>();
            for (var i = 0; i < lines.Length; i += 2)
            {
                assignments.Add(lines[i], lines[i + 1]);
            }

            return assignments;
        }
    }

    [Theory]
    [MemberData(nameof(Assignments))]
    public void The_assignment_is_Kafkas(string group, string expected)
    {
        var (name, members) = (group[..group.IndexOf('|')], group[(group.IndexOf('|') + 1)..]);
        Assert.True(new AssignorRegistry().TryGet(name, out var assignor));
        Assert.Equal(expected, $"= {GroupCase.Parse(members).Assign(assignor)}");
    }
}
