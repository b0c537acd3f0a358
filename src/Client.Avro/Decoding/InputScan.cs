using System.Text.Unicode;
using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// Checks bytes against the schema they were written with, before Apache.Avro decodes them: its decoder accepts numbers of any length, and
/// allocates whatever a length or a block count claims. After the scan all lengths, counts and indexes are verified, so decoding
/// takes memory in proportion to the bytes and stack in proportion to <see cref="AvroLimits.MaxDepth"/>.
/// </summary>
internal ref struct InputScan
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _maxDepth;
    private int _position;
    private int _depth;
    private int _itemsLeft;
    private int _emptyItemsLeft;

    private InputScan(ReadOnlySpan<byte> bytes, AvroLimits limits)
    {
        _bytes = bytes;
        (_maxDepth, _itemsLeft, _emptyItemsLeft) = (limits.MaxDepth, limits.MaxItems, limits.MaxEmptyItems);
    }

    private readonly int Remaining => _bytes.Length - _position;

    /// <exception cref="AvroDataException">The bytes are not exactly one value of the schema, or exceed a limit.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, Schema schema, AvroLimits limits)
    {
        var scan = new InputScan(bytes, limits);
        scan.Value(schema);
        if (scan.Remaining > 0)
        {
            throw scan.Error($"{scan.Remaining} bytes follow the value");
        }
    }

    private void Value(Schema schema)
    {
        switch (schema.Tag)
        {
            case Schema.Type.Boolean:
                Boolean();
                break;
            case Schema.Type.Int:
                Int();
                break;
            case Schema.Type.Long:
                Long();
                break;
            case Schema.Type.Float:
                Skip(sizeof(float));
                break;
            case Schema.Type.Double:
                Skip(sizeof(double));
                break;
            case Schema.Type.Bytes:
                Skip(Length());
                break;
            case Schema.Type.String:
                Text();
                break;
            case Schema.Type.Fixed:
                Skip(((FixedSchema)schema).Size);
                break;
            case Schema.Type.Enumeration:
                Index(((EnumSchema)schema).Symbols.Count);
                break;
            case Schema.Type.Union:
                var branches = ((UnionSchema)schema).Schemas;
                Value(branches[Index(branches.Count)]);
                break;
            case Schema.Type.Array:
                Blocks(((ArraySchema)schema).ItemSchema, isMap: false);
                break;
            case Schema.Type.Map:
                Blocks(((MapSchema)schema).ValueSchema, isMap: true);
                break;
            case Schema.Type.Record or Schema.Type.Error:
                Record((RecordSchema)schema);
                break;
            case Schema.Type.Logical:
                Value(((LogicalSchema)schema).BaseSchema);
                break;
        }
    }

    private void Record(RecordSchema schema)
    {
        if (++_depth > _maxDepth)
        {
            throw Error($"records are nested deeper than MaxDepth, {_maxDepth}");
        }

        var fields = schema.Fields;
        for (var i = 0; i < fields.Count; i++)
        {
            Value(fields[i].Schema);
        }

        _depth--;
    }

    private void Blocks(Schema items, bool isMap)
    {
        for (var count = Long(); count != 0; count = Long())
        {
            var end = -1L;
            if (count < 0)
            {
                count = count == long.MinValue ? throw Error("a block has a count of -2^63") : -count;
                end = Length() + _position;
            }

            for (; count > 0; count--)
            {
                Item(items, isMap);
            }

            if (end >= 0 && end != _position)
            {
                throw Error("a block is not as long as it claims");
            }
        }
    }

    private void Item(Schema schema, bool isMap)
    {
        if (--_itemsLeft < 0)
        {
            throw Error("arrays and maps have more items than MaxItems allows");
        }

        var start = _position;
        if (isMap)
        {
            Text();
        }

        Value(schema);
        if (_position == start && --_emptyItemsLeft < 0)
        {
            throw Error("arrays have more items without bytes than MaxEmptyItems allows");
        }
    }

    private void Boolean()
    {
        if (Byte() is > 1 and var value)
        {
            throw Error($"a boolean is {value}");
        }
    }

    private int Int()
    {
        var value = Long();
        return value == (int)value ? (int)value : throw Error("an int has more than 32 bits");
    }

    private long Long()
    {
        var value = 0UL;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        // The tenth byte holds the last of the 64 bits.
        var last = Byte();
        value |= (ulong)last << 63;
        return last <= 1 ? (long)(value >> 1) ^ -(long)(value & 1) : throw Error("a number has more than 64 bits");
    }

    private int Index(int count)
    {
        var index = Long();
        return index >= 0 && index < count ? (int)index : throw Error($"there is no branch or symbol {index}, only {count}");
    }

    private int Length()
    {
        var length = Long();
        return length >= 0 && length <= Remaining
            ? (int)length
            : throw Error($"{length} bytes do not fit into the {Remaining} that are left");
    }

    private void Text()
    {
        var length = Length();
        if (!Utf8.IsValid(_bytes.Slice(_position, length)))
        {
            throw Error("a text is not UTF-8");
        }

        _position += length;
    }

    private void Skip(int size) =>
        _position += size <= Remaining ? size : throw Error($"{size} bytes were expected, and {Remaining} are left");

    private byte Byte() => _position < _bytes.Length ? _bytes[_position++] : throw Error("the data ends in the middle of a value");

    private readonly AvroDataException Error(string what) => new($"At byte {_position} of the value, {what}.");
}
