using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads arguments from a form (<c>application/x-www-form-urlencoded</c>, WHATWG URL 5.1).</summary>
internal static class FormArguments
{
    public static CallPayload Read(ReadOnlySpan<byte> form, IQueryCollection query)
    {
        if (LooksLikeJson(form))
        {
            return CallPayload.Refused.Bad("The body is JSON but was sent as a form. Send the header `Content-Type: application/json` with it.");
        }

        var fields = new ArgumentFields();
        string? token = null;
        var waitResult = false;
        foreach (var range in form.Split((byte)'&'))
        {
            var field = form[range];
            if (field.IsEmpty)
            {
                continue;
            }

            var equals = field.IndexOf((byte)'=');
            if (Decode(equals < 0 ? field : field[..equals]) is not { } name || Decode(equals < 0 ? default : field[(equals + 1)..]) is not { } value)
            {
                return CallPayload.Refused.Bad("The form is not valid UTF-8.");
            }

            if (name == "access_token")
            {
                if (token is not null)
                {
                    return CallPayload.Refused.Bad("The body has `access_token` twice.");
                }

                token = value;
            }

            waitResult |= name == "wait_result" && value == "true";
            if (!fields.TryAdd(name, value))
            {
                break;
            }
        }

        var read = fields.Any ? fields.ToBody(token) : CallPayload.OfQuery(query, token);
        return read is CallPayload.Arguments arguments ? arguments with { WaitResult = waitResult } : read;
    }

    /// <summary>What curl's <c>-d</c> sends without a header: no form begins with a bracket or a quote, or is a JSON value as a whole.</summary>
    private static bool LooksLikeJson(ReadOnlySpan<byte> form)
    {
        var text = form.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] is (byte)'{' or (byte)'[' or (byte)'"')
        {
            return !text.IsEmpty;
        }

        // A field with a value is none, and most forms are told apart here without an exception.
        if (text[0] is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9') or (byte)'t' or (byte)'f' or (byte)'n') || text.Contains((byte)'='))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The text of a name or value; null if it is no UTF-8. A percent sign without two hex digits stands for itself.</summary>
    private static string? Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IndexOfAny((byte)'%', (byte)'+') < 0)
        {
            return Utf8.IsValid(encoded) ? Encoding.UTF8.GetString(encoded) : null;
        }

        var decoded = new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var next = encoded[i];
            if (next == '+')
            {
                next = (byte)' ';
            }
            else if (next == '%' && i + 2 < encoded.Length && Hex(encoded[i + 1]) is var high and >= 0 && Hex(encoded[i + 2]) is var low and >= 0)
            {
                next = (byte)((high << 4) | low);
                i += 2;
            }

            decoded[length++] = next;
        }

        var text = decoded.AsSpan(0, length);
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : null;
    }

    private static int Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
