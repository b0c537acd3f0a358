using Loire.KafkaGenerator.Schema;

namespace Loire.KafkaGenerator.Code;

/// <summary>
/// The code of messages: a class for each, with its structs within. Elements of arrays in requests are value types, since the bytes of others decide how many
/// there are; in answers they are classes, whose defaults hold however they are made.
/// </summary>
internal sealed class MessageCode
{
    private readonly Message _message;
    private readonly SourceText _source;
    private readonly Dictionary<string, VersionRange> _scopes = [];
    private readonly HashSet<string> _valueTypes;

    private MessageCode(Message message, SourceText source)
    {
        (_message, _source) = (message, source);
        FindScopes(message.Root, message.Versions);
        var singles = AllStructs.SelectMany(one => one.Fields).Where(field => !field.IsArray).Select(field => field.StructName).OfType<string>().ToHashSet();
        _valueTypes = message.Name.EndsWith("Response", StringComparison.Ordinal)
            ? []
            : [.. message.Structs.Select(one => one.Name).Where(name => !singles.Contains(name))];
    }

    private IEnumerable<Struct> AllStructs => _message.Structs.Prepend(_message.Root);

    public static string File(params ReadOnlySpan<Message> messages)
    {
        var source = new SourceText();
        source.Line("using Loire.Kafka.Protocol.Wire;");
        source.Line();
        source.Line("namespace Loire.Kafka.Protocol.Messages;");
        foreach (var message in messages)
        {
            source.Line();
            new MessageCode(message, source).WriteMessage();
        }

        return source.ToString();
    }

    /// <summary>The versions in which a struct occurs.</summary>
    private void FindScopes(Struct parent, VersionRange scope)
    {
        foreach (var field in parent.Fields.Where(field => field.StructName is not null))
        {
            var within = new VersionRange(Math.Max(field.Versions.First, scope.First), Math.Min(field.Versions.Last, scope.Last));
            var known = _scopes.GetValueOrDefault(field.StructName!, within);
            _scopes[field.StructName!] = new VersionRange(Math.Min(known.First, within.First), Math.Max(known.Last, within.Last));
            FindScopes(StructOf(field), within);
        }
    }

    private Struct StructOf(Field field) => _message.Structs.Single(one => one.Name == field.StructName);

    private void WriteMessage()
    {
        var (first, last) = (_message.Versions.First, _message.Versions.Last);
        _source.Summary($"{_message.Name}, {(first == last ? $"version {first}" : $"versions {first} to {last}")}.");
        _source.Block($"public sealed class {_message.Name} : IKafkaMessage", () =>
        {
            WriteMembers(_message.Root, _message.Versions);
            foreach (var one in _message.Structs)
            {
                _source.Line();
                _source.Summary($"{one.Name} within {_message.Name}.");
                var isValue = _valueTypes.Contains(one.Name);
                _source.Block($"public {(isValue ? "struct" : "sealed class")} {one.Name} : IKafkaStruct<{one.Name}>", () => WriteStruct(one, isValue));
            }
        });
    }

    private void WriteStruct(Struct one, bool isValue)
    {
        var scope = _scopes[one.Name];
        if (isValue)
        {
            _source.Summary("All fields at their defaults.");
            _source.Block($"public {one.Name}()", () => { });
            _source.Line();
        }

        WriteMembers(one, scope);
        _source.Line();
        _source.Line($"static int IKafkaStruct<{one.Name}>.ObjectBytes => {(isValue ? 0 : FieldCode.ObjectBytes(one))};");
        _source.Line();
        _source.Line($"static int IKafkaStruct<{one.Name}>.MinimumSize(short version) => {MinimumSizes(one, scope)};");
        _source.Line();
        _source.Line($"static {one.Name} IKafkaStruct<{one.Name}>.Create() => new();");
    }

    private void WriteMembers(Struct one, VersionRange scope)
    {
        FieldCode[] fields = [.. one.Fields.Select(field => new FieldCode(field, scope, Flexible(scope)))];
        foreach (var field in fields)
        {
            field.WriteProperty(_source);
            _source.Line();
        }

        _source.Line("/// <inheritdoc/>");
        _source.Block("public void Read(ref KafkaReader reader, short version)", () => WriteRead(fields, scope));
        _source.Line();
        _source.Line("/// <inheritdoc/>");
        _source.Block("public void Write(ref KafkaWriter writer, short version)", () => WriteWrite(fields, scope));
    }

    private void WriteRead(FieldCode[] fields, VersionRange scope)
    {
        DeclareFlexible(scope);
        foreach (var field in fields.Where(field => field.Tag is null))
        {
            field.WriteRead(_source);
        }

        if (Flexible(scope) == "false")
        {
            return;
        }

        FieldCode[] tagged = [.. fields.Where(field => field.Tag is not null)];
        _source.Block(Flexible(scope) == "true" ? null : "if (flexible)", () =>
        {
            if (tagged.Length == 0)
            {
                _source.Line("reader.SkipTags();");
                return;
            }

            _source.Block("for (var tags = reader.ReadTags(); reader.NextTag(ref tags);)", () =>
                _source.Block("switch (tags.Tag)", () =>
                {
                    foreach (var field in tagged)
                    {
                        _source.Line($"case {field.Tag}{field.Guard(" when ")}:");
                        _source.Line($"    {field.Assignment("true")};");
                        _source.Line("    break;");
                    }

                    _source.Line("default:");
                    _source.Line("    reader.SkipTag(tags);");
                    _source.Line("    break;");
                }));
        });
    }

    private void WriteWrite(FieldCode[] fields, VersionRange scope)
    {
        DeclareFlexible(scope);
        foreach (var field in fields.Where(field => field.Tag is null))
        {
            field.WriteWrite(_source);
        }

        if (Flexible(scope) == "false")
        {
            return;
        }

        FieldCode[] tagged = [.. fields.Where(field => field.Tag is not null).OrderBy(field => field.Tag)];
        _source.Block(Flexible(scope) == "true" ? null : "if (flexible)", () =>
        {
            foreach (var field in tagged)
            {
                _source.Line($"var has{field.Tag} = {field.Guard("", " && ")}{field.IsNotDefault};");
            }

            _source.Line(tagged.Length == 0
                ? "writer.WriteVarint(0);"
                : $"writer.WriteVarint({string.Join(" + ", tagged.Select(field => $"(has{field.Tag} ? 1u : 0u)"))});");
            foreach (var field in tagged)
            {
                _source.Block($"if (has{field.Tag})", () =>
                {
                    _source.Line($"var start{field.Tag} = writer.BeginTag({field.Tag});");
                    _source.Line($"{field.Statement("true")};");
                    _source.Line($"writer.EndTag(start{field.Tag});");
                });
            }
        });
    }

    private void DeclareFlexible(VersionRange scope)
    {
        if (Flexible(scope) == "flexible")
        {
            _source.Line($"var flexible = version >= {_message.FlexibleFrom};");
        }
    }

    /// <summary>What says in the code whether the version is flexible: a constant if all are, or none.</summary>
    private string Flexible(VersionRange scope) =>
        !_message.IsFlexible(scope.Last) ? "false" : _message.IsFlexible(scope.First) ? "true" : "flexible";

    private string MinimumSizes(Struct one, VersionRange scope)
    {
        (short First, int Size)[] sizes = [.. scope.All.Select(version => (version, MinimumSize(one, version)))];
        List<(short First, int Size)> steps = [];
        foreach (var step in sizes)
        {
            if (steps.Count == 0 || steps[^1].Size != step.Size)
            {
                steps.Add(step);
            }
        }

        var text = $"{steps[^1].Size}";
        for (var i = steps.Count - 2; i >= 0; i--)
        {
            text = $"version < {steps[i + 1].First} ? {steps[i].Size} : {text}";
        }

        return text;
    }

    private int MinimumSize(Struct one, short version)
    {
        var flexible = _message.IsFlexible(version);
        var size = flexible ? 1 : 0;
        foreach (var field in one.Fields.Where(field => field.Versions.Contains(version) && field.Tag is null))
        {
            size += (field.IsArray, field.Type) switch
            {
                (true, _) => flexible ? 1 : 4,
                (_, FieldType.Struct) => field.Nullable is null ? MinimumSize(StructOf(field), version) : 1,
                (_, FieldType.String) => flexible ? 1 : 2,
                (_, FieldType.Bytes or FieldType.Records) => flexible ? 1 : 4,
                _ => FieldCode.FixedBytes(field.Type),
            };
        }

        return size;
    }
}
