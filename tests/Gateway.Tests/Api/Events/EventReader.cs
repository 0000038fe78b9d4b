using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace SyncCluster.Gateway.Tests.Api.Events;

/// <summary>Reads a stream of events as a browser does.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _events;
    private readonly SseParser<string> _parser;

    private EventReader(HttpResponseMessage response, SseParser<string> parser)
    {
        _response = response;
        _parser = parser;
        _events = parser.EnumerateAsync().GetAsyncEnumerator();
    }

    public HttpResponseMessage Response => _response;

    /// <summary>The id of the last event that had one.</summary>
    public string LastId => _parser.LastEventId;

    public static async Task<EventReader> OpenAsync(HttpClient http, HttpRequestMessage request)
    {
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new(response, SseParser.Create(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next event; null at the end.</summary>
    public async Task<(string Name, string Data)?> NextAsync() =>
        await _events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)) ? (_events.Current.EventType, _events.Current.Data) : null;

    /// <summary>The next event of that name, whatever comes before it.</summary>
    public async Task<string> NextAsync(string name)
    {
        while (await NextAsync() is { } next)
        {
            if (next.Name == name)
            {
                return next.Data;
            }
        }

        throw new InvalidOperationException($"No {name} came.");
    }

    public async Task<List<(string Name, string Data)>> RestAsync()
    {
        var rest = new List<(string, string)>();
        while (await NextAsync() is { } next)
        {
            rest.Add(next);
        }

        return rest;
    }

    public async ValueTask DisposeAsync()
    {
        _response.Dispose();
        try
        {
            await _events.DisposeAsync();
        }
        catch (NotSupportedException)
        {
            // A read is under way.
        }
    }

    public static string Member(string data, string name) => JsonNode.Parse(data)![name]!.ToJsonString().Trim('"');
}
