using System.Text.Json;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Jobs.Lists;

/// <summary>Which members of the documents a list shows. As in TheEye, the id is shown unless it is excluded by name.</summary>
/// <param name="Shown">If not empty, only these and the id.</param>
/// <param name="Hidden">Not these.</param>
internal sealed record RowProjection(IReadOnlySet<string> Shown, IReadOnlySet<string> Hidden)
{
    private const int MaxMembers = 100;

    /// <summary>Of <c>include[member]=1</c> and <c>include[member]=0</c>.</summary>
    public static Result<RowProjection> Of(IQueryCollection query)
    {
        var (shown, hidden) = (new HashSet<string>(), new HashSet<string>());
        foreach (var (name, given) in query.Where(parameter => parameter.Key.StartsWith("include[", StringComparison.Ordinal)))
        {
            if (!JobListRequest.TryReadMember(name, "include", out var member, out var rest)
                || rest.Length > 0 || given is not ["0" or "1"] || shown.Count + hidden.Count >= MaxMembers)
            {
                return Problems.BadInclude;
            }

            (given == "1" ? shown : hidden).Add(member);
        }

        return new RowProjection(shown, hidden);
    }

    /// <summary>Writes a document with the members that are to be shown.</summary>
    public void Write(Utf8JsonWriter json, byte[] document)
    {
        if (Shown.Count + Hidden.Count == 0)
        {
            json.WriteRawValue(document, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        using var row = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = JobDocumentReader.ReaderOptions.MaxDepth });
        foreach (var member in row.RootElement.EnumerateObject())
        {
            if (!Hidden.Contains(member.Name) && (Shown.Count == 0 || Shown.Contains(member.Name) || member.NameEquals("id")))
            {
                json.WritePropertyName(member.Name);
                json.WriteRawValue(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(member.Value), skipInputValidation: true);
            }
        }

        json.WriteEndObject();
    }
}
