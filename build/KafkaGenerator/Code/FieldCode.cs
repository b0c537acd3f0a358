using Loire.KafkaGenerator.Schema;

namespace Loire.KafkaGenerator.Code;

/// <summary>The code of one field.</summary>
/// <param name="schema">The field.</param>
/// <param name="scope">The versions in which its struct occurs.</param>
/// <param name="flexible">What says in the code whether the version is flexible.</param>
internal sealed class FieldCode(Field schema, VersionRange scope, string flexible)
{
    private readonly string _name = char.ToUpperInvariant(schema.Name[0]) + schema.Name[1..];

    public int? Tag => schema.Tag;

    /// <summary>Whether the value is one that is written as a tagged field.</summary>
    public string IsNotDefault => (schema.IsArray, schema.Type, schema.Nullable) switch
    {
        (true, _, null) or (_, FieldType.String, null) => $"{_name}.Length > 0",
        (true, _, _) or (_, FieldType.Struct, _) or (_, FieldType.String, _) => $"{_name} is not null",
        (_, FieldType.Bool, _) => schema.Default == "true" ? $"!{_name}" : _name,
        (_, FieldType.Error, _) => $"{_name} != ErrorCode.None",
        (_, FieldType.Uuid, _) => $"{_name} != Guid.Empty",
        _ => $"{_name} != {schema.Default ?? "0"}",
    };

    private string Type
    {
        get
        {
            var one = schema.Type switch
            {
                FieldType.Bool => "bool",
                FieldType.Int8 => "sbyte",
                FieldType.Int16 => "short",
                FieldType.Error => "ErrorCode",
                FieldType.UInt16 => "ushort",
                FieldType.Int32 => "int",
                FieldType.Int64 => "long",
                FieldType.Float64 => "double",
                FieldType.Uuid => "Guid",
                FieldType.String => "string",
                FieldType.Bytes => "ReadOnlyMemory<byte>",
                FieldType.Records => "RecordBytes",
                _ => schema.StructName!,
            };
            var isNullable = schema.Type != FieldType.Records && (schema.Nullable is not null || IsAbsentStruct);
            return $"{one}{(schema.IsArray ? "[]" : "")}{(isNullable ? "?" : "")}";
        }
    }

    /// <summary>A tagged struct is null where it is left out.</summary>
    private bool IsAbsentStruct => schema.Type == FieldType.Struct && !schema.IsArray && schema.Tag is not null;

    private string? Initial => (schema.Nullable, schema.IsArray, schema.Type) switch
    {
        ({ }, _, _) => schema.Default,
        (_, true, _) => "[]",
        (_, _, FieldType.String) => "\"\"",
        (_, _, FieldType.Struct) => IsAbsentStruct ? null : "new()",
        _ => schema.Default,
    };

    public static int FixedBytes(FieldType type) => type switch
    {
        FieldType.Bool or FieldType.Int8 => 1,
        FieldType.Int16 or FieldType.Error or FieldType.UInt16 => 2,
        FieldType.Int32 => 4,
        FieldType.Int64 or FieldType.Float64 => 8,
        FieldType.Uuid => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The type has no fixed size."),
    };

    /// <summary>What an object of a struct takes on the heap, without what it refers to.</summary>
    public static int ObjectBytes(Struct one)
    {
        var size = 16 + one.Fields.Sum(field => (field.IsArray, field.Type) switch
        {
            (true, _) or (_, FieldType.String or FieldType.Struct) => 8,
            (_, FieldType.Bytes) => 24,
            (_, FieldType.Records) => 32,
            _ => FixedBytes(field.Type),
        });
        return (size + 7) / 8 * 8;
    }

    public void WriteProperty(SourceText source)
    {
        source.Summary(Description());
        source.Line($"public {Type} {_name} {{ get; set; }}{(Initial is { } initial ? $" = {initial};" : "")}");
    }

    public void WriteRead(SourceText source) => Conditional(source, $"{Assignment(flexible)};");

    public void WriteWrite(SourceText source) => Conditional(source, $"{Statement(flexible)};");

    /// <summary>The condition that the version has the field; empty if every version does.</summary>
    public string Guard(string before, string after = "")
    {
        var condition = Within(schema.Versions);
        return condition.Length == 0 ? "" : before + condition + after;
    }

    /// <summary>Reads the field.</summary>
    public string Assignment(string compact)
    {
        var value = Partial(nullable => schema.Type == FieldType.Error ? "(ErrorCode)reader.ReadInt16()" : $"reader.Read{Method(nullable)}({Arguments(compact)})", " ? ", " : ");
        return $"{_name} = {value}";
    }

    /// <summary>Writes the field.</summary>
    public string Statement(string compact) => Partial(
        nullable =>
        {
            var arguments = Arguments(compact);
            var value = schema.Type == FieldType.Error ? "(short)" + _name : _name;
            return $"writer.Write{(schema.Type == FieldType.Error ? "Int16" : Method(nullable, isWrite: true))}({value}{(arguments.Length > 0 ? ", " + arguments : "")})";
        },
        null,
        null);

    private string Partial(Func<bool, string> code, string? then, string? otherwise)
    {
        if (schema.Nullable is null || IsAbsentStruct)
        {
            return code(false);
        }

        var condition = WithinField(schema.Nullable);
        return condition.Length == 0 ? code(true)
            : then is null ? $"if ({condition}) {code(true)}; else {code(false)}"
            : $"{condition}{then}{code(true)}{otherwise}{code(false)}";
    }

    private string Method(bool nullable, bool isWrite = false)
    {
        var name = schema.Type switch
        {
            FieldType.Bool => "Boolean",
            FieldType.Struct => schema.IsArray ? "" : "Struct",
            _ => schema.Type.ToString(),
        };
        var type = schema.Type == FieldType.Struct && !isWrite ? $"<{schema.StructName}>" : "";
        return $"{(nullable ? "Nullable" : "")}{name}{(schema.IsArray ? "Array" : "")}{type}";
    }

    private string Arguments(string compact) => (schema.IsArray, schema.Type) switch
    {
        (true, FieldType.Struct) => $"version, {compact}",
        (false, FieldType.Struct) => "version",
        (true, _) or (_, FieldType.String or FieldType.Bytes or FieldType.Records) => compact,
        _ => "",
    };

    private void Conditional(SourceText source, string statement)
    {
        var guard = Guard("if (", ") ");
        source.Line(guard.Length > 0 && statement.StartsWith("if ", StringComparison.Ordinal) ? $"{guard}{{ {statement} }}" : guard + statement);
    }

    private string Within(VersionRange range) => Within(range, scope);

    private string WithinField(VersionRange range) =>
        Within(range, new VersionRange(Math.Max(schema.Versions.First, scope.First), Math.Min(schema.Versions.Last, scope.Last)));

    private static string Within(VersionRange range, VersionRange all) => (range.First <= all.First, range.Last >= all.Last) switch
    {
        (true, true) => "",
        (true, false) => $"version <= {range.Last}",
        (false, true) => $"version >= {range.First}",
        _ => range.First == range.Last ? $"version == {range.First}" : $"version is >= {range.First} and <= {range.Last}",
    };

    private string Description()
    {
        var versions = (schema.Versions.First <= scope.First, schema.Versions.Last >= scope.Last) switch
        {
            (true, true) => "in every version",
            (false, true) => $"since version {schema.Versions.First}",
            (true, false) => $"up to version {schema.Versions.Last}",
            _ => schema.Versions.First == schema.Versions.Last ? $"in version {schema.Versions.First}" : $"in versions {schema.Versions.First} to {schema.Versions.Last}",
        };
        var isNull = schema.Nullable is null ? "" : WithinField(schema.Nullable) is { Length: 0 } ? "; may be null" : $"; may be null {Since(schema.Nullable)}";
        var initial = schema.Default is null ? "" : $"; {schema.Default} unless set";
        var tagged = schema.Tag is null ? "" : $"; tag {schema.Tag}, left out {(IsAbsentStruct ? "if null" : "at its default")}";
        return $"<c>{schema.Name}</c>, {versions}{isNull}{initial}{tagged}.";
    }

    private string Since(VersionRange range) => range.Last >= schema.Versions.Last ? $"since version {range.First}" : $"up to version {range.Last}";
}
