using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Http;

namespace SyncCluster.Gateway.Tests.Http;

public sealed class PacedWriterTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 1 << 20).Select(at => (byte)(at / 251))];

    private readonly FakeTimeProvider _time = new();
    private readonly Connection _connection = new();
    private readonly PacedWriter _writer;

    public PacedWriterTests() => _writer = new(
        Options.Create(new FollowingOptions { SlowReader = TimeSpan.FromSeconds(30) }), _time, NullLogger<PacedWriter>.Instance);

    [Fact]
    public async Task Of_an_answer_that_is_not_read_little_is_buffered()
    {
        var writing = _writer.WriteAsync(_connection.Http, Body);
        var read = await _connection.Reader.ReadAsync();
        Assert.False(writing.IsCompleted);
        Assert.InRange(read.Buffer.Length, 1, 4 * PacedWriter.PieceLength);
    }

    [Fact]
    public async Task A_client_that_reads_slowly_gets_all_of_its_answer()
    {
        // Outside of the test's context a read wakes the writer at once: no time passes before it has noticed.
        var writing = Task.Run(() => _writer.WriteAsync(_connection.Http, Body));
        var got = new MemoryStream();
        while (got.Length < Body.Length)
        {
            _time.Advance(TimeSpan.FromSeconds(29));
            var read = await _connection.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            foreach (var part in read.Buffer)
            {
                got.Write(part.Span);
            }

            _connection.Reader.AdvanceTo(read.Buffer.End);
        }

        await writing;
        Assert.Equal(Body, got.ToArray());
        Assert.False(_connection.Http.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task A_client_that_reads_nothing_is_disconnected()
    {
        var writing = _writer.WriteAsync(_connection.Http, Body);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(_connection.Http.RequestAborted.IsCancellationRequested);

        _time.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.True(_connection.Http.RequestAborted.IsCancellationRequested);
    }

    /// <summary>A response whose buffer lets a writer wait as Kestrel's does.</summary>
    private sealed class Connection : IHttpRequestLifetimeFeature, IHttpResponseBodyFeature
    {
        private readonly CancellationTokenSource _aborted = new();
        private readonly Pipe _pipe = new(new PipeOptions(writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));

        public Connection()
        {
            RequestAborted = _aborted.Token;
            Http.Features.Set<IHttpRequestLifetimeFeature>(this);
            Http.Features.Set<IHttpResponseBodyFeature>(this);
        }

        public DefaultHttpContext Http { get; } = new();

        public PipeReader Reader => _pipe.Reader;

        public CancellationToken RequestAborted { get; set; }

        public Stream Stream => _pipe.Writer.AsStream();

        public PipeWriter Writer => _pipe.Writer;

        public void Abort() => _aborted.Cancel();

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
