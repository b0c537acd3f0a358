using System.Globalization;
using System.Text.RegularExpressions;

namespace Loire.KafkaGenerator.Schema;

/// <summary>
/// Reads one file of the table. Its first lines say what it is; then <c>request</c> and <c>response</c>, or <c>body</c>, each with its fields, a line a field,
/// indented by two spaces a level:
/// <code>
/// NAME TYPE[?] [VERSIONS] [null VERSIONS] [= DEFAULT] [tag NUMBER]
/// </code>
/// <c>[TYPE]</c> is an array and <c>?</c> may be null. A type with a capital is a struct, whose fields follow one level deeper, or stand once under
/// <c>struct NAME</c> at the end of the message. Versions (<c>3</c>, <c>3-5</c>, <c>3+</c>) default to those of the parent.
/// </summary>
internal sealed partial class SchemaParser(string file, string[] lines)
{
    private const int Indent = 2;

    private static readonly Dictionary<string, FieldType> Types =
        Enum.GetValues<FieldType>().Where(type => type != FieldType.Struct).ToDictionary(type => type.ToString().ToLowerInvariant());

    private int _next;

    private string? Line => _next < lines.Length ? lines[_next] : null;

    /// <summary>Reads the file.</summary>
    /// <param name="api">Takes an API.</param>
    /// <param name="embedded">Takes a message that travels within others.</param>
    public void Parse(Action<Api> api, Action<Message> embedded)
    {
        SkipBlank();
        var head = Take(ApiHead(), "'api KEY NAME' or 'message NAME'");
        var versions = Versions(Take(VersionsLine(), "'versions FIRST-LAST'").Groups[1].Value, new VersionRange(0, short.MaxValue));
        var unstable = TakeIf(UnstableLine())?.Groups[1].Value;
        var flexibleText = Take(FlexibleLine(), "'flexible FIRST+' or 'flexible none'").Groups[1].Value;
        short? flexible = flexibleText == "none" ? null : Number(flexibleText.TrimEnd('+'));
        var name = head.Groups["name"].Value;
        if (head.Groups["key"].Success)
        {
            var request = Message("request", name + "Request", versions, flexible);
            var response = Message("response", name + "Response", versions, flexible);
            api(new Api(Number(head.Groups["key"].Value), name, versions, unstable is null ? null : Number(unstable), request, response));
        }
        else
        {
            embedded(Message("body", name, versions, flexible));
        }

        SkipBlank();
        Require(Line is null, "nothing more");
    }

    private Message Message(string side, string name, VersionRange versions, short? flexible)
    {
        SkipBlank();
        Require(Line == side, $"'{side}'");
        _next++;
        Dictionary<string, Struct> structs = [];
        List<string> order = [];
        var root = new Struct(name, Fields(1, versions, structs, order));
        while (Line is { } line && line.StartsWith("  struct ", StringComparison.Ordinal))
        {
            var type = line[9..];
            _next++;
            Require(structs.TryAdd(type, new Struct(type, Fields(2, versions, structs, order))), $"{type} only once");
            order.Add(type);
        }

        var used = structs.Values.Append(root).SelectMany(one => one.Fields).Select(field => field.StructName).OfType<string>().ToHashSet();
        Require(used.SetEquals(structs.Keys), $"each struct of {name} defined and used: {string.Join(", ", used.Except(structs.Keys).Concat(structs.Keys.Except(used)))}");
        return new Message(name, versions, flexible, root, [.. order.Select(type => structs[type])]);
    }

    private List<Field> Fields(int level, VersionRange parent, Dictionary<string, Struct> structs, List<string> order)
    {
        List<Field> fields = [];
        var margin = new string(' ', level * Indent);
        while (Line is { } line && line.StartsWith(margin, StringComparison.Ordinal) && !line.StartsWith(margin + "struct ", StringComparison.Ordinal))
        {
            var match = FieldLine().Match(line[margin.Length..]);
            Require(match.Success, "a field");
            var versions = match.Groups["versions"].Success ? Versions(match.Groups["versions"].Value, parent) : parent;
            VersionRange? nullable = match.Groups["null"].Success ? Versions(match.Groups["null"].Value, versions) : match.Groups["nullable"].Success ? versions : null;
            var type = match.Groups["element"].Success ? match.Groups["element"].Value : match.Groups["type"].Value;
            var isStruct = char.IsAsciiLetterUpper(type[0]);
            Require(isStruct || Types.ContainsKey(type), $"a type, not '{type}'");
            var field = new Field(
                match.Groups["name"].Value,
                isStruct ? FieldType.Struct : Types[type],
                isStruct ? type : null,
                match.Groups["element"].Success,
                versions,
                nullable,
                match.Groups["default"].Success ? match.Groups["default"].Value : null,
                match.Groups["tag"].Success ? Number(match.Groups["tag"].Value) : null);
            fields.Add(field);
            _next++;
            if (isStruct && Line is { } inner && inner.StartsWith(margin + "  ", StringComparison.Ordinal))
            {
                order.Add(type);
                Require(structs.TryAdd(type, new Struct(type, Fields(level + 1, versions, structs, order))), $"{type} only once");
            }
        }

        Require(fields.Count > 0 || level == 1, "fields");
        return fields;
    }

    private VersionRange Versions(string text, VersionRange parent)
    {
        var parts = text.TrimEnd('+').Split('-');
        var last = text.EndsWith('+') ? parent.Last : Number(parts[^1]);
        var range = new VersionRange(Number(parts[0]), last);
        Require(range.First <= range.Last && parent.Contains(range.First) && parent.Contains(range.Last), $"versions within {parent}");
        return range;
    }

    private Match Take(Regex form, string expected)
    {
        var match = form.Match(Line ?? "");
        Require(match.Success, expected);
        _next++;
        return match;
    }

    private Match? TakeIf(Regex form) => form.IsMatch(Line ?? "") ? Take(form, "") : null;

    private void SkipBlank()
    {
        while (Line is { } line && (line.Length == 0 || line[0] == '#'))
        {
            _next++;
        }
    }

    private void Require(bool condition, string expected)
    {
        if (!condition)
        {
            throw new SchemaException(file, _next + 1, $"expected {expected}");
        }
    }

    private static short Number(string text) => short.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?:api (?<key>\d+) (?<name>\w+)|message (?<name>\w+))$")]
    private static partial Regex ApiHead();

    [GeneratedRegex(@"^versions (\d+(?:-\d+)?)$")]
    private static partial Regex VersionsLine();

    [GeneratedRegex(@"^unstable (\d+)$")]
    private static partial Regex UnstableLine();

    [GeneratedRegex(@"^flexible (\d+\+|none)$")]
    private static partial Regex FlexibleLine();

    [GeneratedRegex(@"^(?<name>[a-z]\w*) (?:\[(?<element>\w+)\]|(?<type>\w+))(?<nullable>\?)?(?: (?<versions>\d+(?:\+|-\d+)?))?(?: null (?<null>\d+(?:\+|-\d+)?))?(?: = (?<default>\S+))?(?: tag (?<tag>\d+))?$")]
    private static partial Regex FieldLine();
}
